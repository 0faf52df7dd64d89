import { sha256 } from '../../domain/json.ts'
import { MANIFEST } from './artifact-rules.ts'
import type { Entry } from './artifact-scan.ts'
import type { Checks } from './checks.ts'
import type { DeployPlan } from './plan.ts'

/** Everything that a deploy makes in its target: the artifact, and of the skeleton what the artifact doesn't bring. */
export function listed(artifact: Entry[], { folders, files }: Checks['skeleton']): Entry[] {
  const brought = new Set(artifact.map(({ path }) => path))
  const bones: Entry[] = [
    ...folders.map((path): Entry => ({ path, type: 'directory', mode: 0o700, size: 0 })),
    ...Object.entries(files).map(([path, text]): Entry => {
      return { path, type: 'file', mode: 0o600, size: Buffer.byteLength(text), sha256: sha256(text) }
    }),
  ]
  return [...artifact, ...bones.filter(({ path }) => !brought.has(path))]
}

/**
 * DEPLOY-MANIFEST.txt. By it a target says whose it is; a rollback removes nothing that has another, and only what it lists. The files
 * stand there as `sha256sum -c` reads them, to which lines that begin with # are comments.
 */
export function manifestText(
  { runId, deployedAt }: { runId: string; deployedAt: string },
  { machineVersion, source, artifact, checks }: DeployPlan,
  planDigest: string,
  entries: Entry[],
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
    ...listed(entries, checks.skeleton).map(line),
  ].join('\n')}\n`
}

const DEPLOYED_AT = 'deployed-at: '

export function deployedAt(manifest: string): string {
  const found = manifest.split('\n').find((line) => line.startsWith(DEPLOYED_AT))
  return found?.slice(DEPLOYED_AT.length) ?? ''
}

/** What differs between a manifest and what it must be, a line each. */
export function manifestFaults(manifest: string, expected: string): string[] {
  if (manifest === expected) return []
  const [found, wanted] = [manifest.split('\n'), expected.split('\n')]
  const [has, should] = [new Set(found), new Set(wanted)]
  const lacks = wanted.filter((line) => !has.has(line))
  const besides = found.filter((line) => !should.has(line))
  return [
    ...lacks.map((line) => `${MANIFEST} lacks the line: ${line}`),
    ...besides.map((line) => `${MANIFEST} has a line of another: ${line}`),
    ...(lacks.length + besides.length === 0 ? [`${MANIFEST} has its lines in another order`] : []),
  ]
}

function line({ path, type, sha256, target }: Entry): string {
  if (type === 'file') return `${sha256}  ${path}`
  return type === 'symlink' ? `# link ${path} -> ${target}` : `# folder ${path}`
}
