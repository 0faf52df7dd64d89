import { sha256 } from '../../domain/json.ts'
import type { ArtifactEntry } from './artifact-entry.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import { type DeployPlan, switchesFirst } from './plan.ts'
import { listSharedEntries } from './shared-paths.ts'
import { formatSum } from './tree-hashes.ts'

/**
 * Everything that a deploy makes in its target: the artifact, the links to shared paths, and the entries of the skeleton that the
 * artifact doesn't hold.
 */
export function listDeployedEntries(
  inCommit: ArtifactEntry[],
  plan: Pick<DeployPlan, 'checks' | 'place'>,
): ArtifactEntry[] {
  const { folders, files } = plan.checks.skeleton
  const artifact = [...inCommit, ...listSharedEntries(inCommit, plan)]
  const inArtifact = new Set(artifact.map(({ path }) => path))
  const skeleton: ArtifactEntry[] = [
    ...folders.map((path): ArtifactEntry => ({ path, type: 'directory', mode: 0o700, size: 0 })),
    ...Object.entries(files).map(([path, text]): ArtifactEntry => {
      return { path, type: 'file', mode: 0o600, size: Buffer.byteLength(text), sha256: sha256(text) }
    }),
  ]
  return [...artifact, ...skeleton.filter(({ path }) => !inArtifact.has(path))]
}

/**
 * The text of DEPLOY-MANIFEST.txt, which names the run that made a target. A rollback removes nothing that has another manifest, and only
 * what it lists. `sha256sum -c` can read it: files have its form, and other lines begin with `#`. `way-back` names the release that was
 * in force before, and `outside` each folder outside of the target, with whether the run makes it.
 */
export function formatManifest(
  { runId, deployedAt }: { runId: string; deployedAt: string },
  plan: DeployPlan,
  planDigest: string,
  entries: ArtifactEntry[],
): string {
  const { machineVersion, source, artifact, pointer } = plan
  const head = [
    `run: ${runId}`,
    `machine: deploy ${machineVersion}`,
    `commit: ${source.commit}`,
    `tree: ${source.tree}`,
    `artifact-sha256: ${artifact.sha256}`,
    `tree-hash: ${artifact.treeHash}`,
    `plan: ${planDigest}`,
    `${DEPLOYED_AT}${deployedAt}`,
  ]
  const wayBack = pointer === null || pointer.from === '' ? [] : [`way-back: ${pointer.from}`]
  // Plans of v1 wrote these lines without a mark, which sha256sum -c complains about.
  const outside = (plan.outside ?? []).map(({ path, state }) => `outside: ${state} ${path}`)
  const first = switchesFirst(plan)
    ? [...head, '']
    : [...head, ...wayBack, ...outside].map((line) => `# ${line}`)
  return `${[...first, ...listDeployedEntries(entries, plan).map(formatLine)].join('\n')}\n`
}

const DEPLOYED_AT = 'deployed-at: '

/** The time of the deploy in a manifest; '' where there is none. */
export function readDeployedAt(manifest: string): string {
  const lines = manifest.split('\n').map((line) => line.replace(/^# /, ''))
  const found = lines.find((line) => line.startsWith(DEPLOYED_AT))
  return found?.slice(DEPLOYED_AT.length) ?? ''
}

/** The differences between a manifest and the expected one, one line for each. */
export function listManifestFaults(manifest: string, expected: string): string[] {
  if (manifest === expected) return []
  const [found, wanted] = [manifest.split('\n'), expected.split('\n')]
  const [has, should] = [new Set(found), new Set(wanted)]
  const lacks = wanted.filter((line) => !has.has(line))
  const added = found.filter((line) => !should.has(line))
  return [
    ...lacks.map((line) => `${MANIFEST_NAME} lacks the line: ${line}`),
    ...added.map((line) => `${MANIFEST_NAME} has an unexpected line: ${line}`),
    ...(lacks.length + added.length === 0 ? [`${MANIFEST_NAME} has its lines in another order`] : []),
  ]
}

function formatLine({ path, type, sha256, target }: ArtifactEntry): string {
  if (type === 'file') return formatSum(sha256!, path)
  return type === 'symlink' ? `# link ${path} -> ${target}` : `# folder ${path}`
}
