import { sha256 } from '../../domain/json.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import type { Checks } from './checks-file.ts'
import type { DeployPlan } from './plan.ts'
import type { ArtifactEntry } from './scan-artifact.ts'

/** Everything that a deploy makes in its target: the artifact, and of the skeleton what the artifact doesn't bring. */
export function listDeployedEntries(
  artifact: ArtifactEntry[],
  { folders, files }: Checks['skeleton'],
): ArtifactEntry[] {
  const brought = new Set(artifact.map(({ path }) => path))
  const bones: ArtifactEntry[] = [
    ...folders.map((path): ArtifactEntry => ({ path, type: 'directory', mode: 0o700, size: 0 })),
    ...Object.entries(files).map(([path, text]): ArtifactEntry => {
      return { path, type: 'file', mode: 0o600, size: Buffer.byteLength(text), sha256: sha256(text) }
    }),
  ]
  return [...artifact, ...bones.filter(({ path }) => !brought.has(path))]
}

/**
 * DEPLOY-MANIFEST.txt. By it a target says whose it is; a rollback removes nothing that has another, and only what it lists. The files
 * stand there as `sha256sum -c` reads them, to which lines that begin with # are comments.
 */
export function formatManifest(
  { runId, deployedAt }: { runId: string; deployedAt: string },
  { machineVersion, source, artifact, checks }: DeployPlan,
  planDigest: string,
  entries: ArtifactEntry[],
): string {
  return `${[
    `run: ${runId}`,
    `machine: deploy ${machineVersion}`,
    `commit: ${source.commit}`,
    `tree: ${source.tree}`,
    `artifact-sha256: ${artifact.sha256}`,
    `tree-hash: ${artifact.treeHash}`,
    `plan: ${planDigest}`,
    `${DEPLOYED_AT}${deployedAt}`,
    '',
    ...listDeployedEntries(entries, checks.skeleton).map(line),
  ].join('\n')}\n`
}

const DEPLOYED_AT = 'deployed-at: '

export function readDeployedAt(manifest: string): string {
  const found = manifest.split('\n').find((line) => line.startsWith(DEPLOYED_AT))
  return found?.slice(DEPLOYED_AT.length) ?? ''
}

/** What differs between a manifest and what it must be, a line each. */
export function findManifestFaults(manifest: string, expected: string): string[] {
  if (manifest === expected) return []
  const [found, wanted] = [manifest.split('\n'), expected.split('\n')]
  const [has, should] = [new Set(found), new Set(wanted)]
  const lacks = wanted.filter((line) => !has.has(line))
  const besides = found.filter((line) => !should.has(line))
  return [
    ...lacks.map((line) => `${MANIFEST_NAME} lacks the line: ${line}`),
    ...besides.map((line) => `${MANIFEST_NAME} has a line of another: ${line}`),
    ...(lacks.length + besides.length === 0 ? [`${MANIFEST_NAME} has its lines in another order`] : []),
  ]
}

function line({ path, type, sha256, target }: ArtifactEntry): string {
  if (type === 'file') return `${sha256}  ${path}`
  return type === 'symlink' ? `# link ${path} -> ${target}` : `# folder ${path}`
}
