import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { digestOf, type Json } from '../../domain/json.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'
import { buildArtifact } from './build-artifact.ts'
import type { Checks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import { keepArtifact } from './kept-artifact.ts'
import type { Source } from './resolve-source.ts'
import { listSharedInArtifact } from './shared-paths.ts'
import { hashTree, type TreeHashes } from './tree-hashes.ts'

/** The artifact by its hashes, without its bytes. The commit gives the same bytes again. */
export interface ArtifactFacts extends TreeHashes {
  /** SHA-256 of the tar, 64 hex digits. */
  sha256: string
  bytes: number
  /** Files, folders and links. Artifacts of earlier versions do not count them. */
  entries?: number
  /** How the artifact differs from what `git archive` would write. Left out: it does not. */
  unlikeGitArchive?: string[]
  /** Digest of the evidence `artifact/list`. */
  listDigest: string
}

/** An artifact that was scanned already, with the allowances under which it was. The same bytes are not scanned again. */
interface ApprovedArtifact {
  facts: ArtifactFacts
  allow: Checks['allow']
}

/**
 * Scans and hashes the artifact while git writes it. Its list is kept, and for the last check at a gate its tar too, which is sent next.
 * @throws STOP_ARTIFACT_UNCLEAN when it is empty, or holds something that must not go to a host.
 */
export async function checkArtifact(
  { tools }: Pick<DeployDeps, 'tools'>,
  context: EffectContext,
  source: Source,
  { allow, shared }: Pick<Checks, 'allow' | 'shared'>,
  approved: ApprovedArtifact | null = null,
): Promise<{ facts: ArtifactFacts; warnings: ArtifactFinding[]; evidence: [Evidence, Evidence] }> {
  const known = approved !== null && digestOf(approved.allow) === digestOf(allow) ? approved.facts : null
  const listed =
    known === null
      ? null
      : {
          ...known,
          entries: await readJsonEvidence<ArtifactEntry[]>(context, known.listDigest),
          findings: [],
        }
  const keepsTar = known !== null
  const artifact = await buildArtifact(source, {
    tools,
    signal: context.signal,
    allow,
    known: listed,
    keepsTar,
  })
  if (keepsTar) await keepArtifact(artifact)
  else await artifact.dispose()
  const refused = artifact.findings.filter(({ severity }) => severity === 'refused')
  if (refused.length > 0) throw artifactUncleanError(refused)
  const twice = listSharedInArtifact(artifact.entries, shared)
  if (twice.length > 0) throw sharedInArtifactError(twice)
  if (!artifact.entries.some(({ type }) => type === 'file')) throw artifactEmptyError(source)
  const list = jsonEvidence('artifact/list', artifact.entries)
  if (known?.sha256 === artifact.sha256)
    return { facts: known, warnings: [], evidence: [jsonEvidence('artifact', known), list] }
  const { sha256, bytes } = artifact
  const entries = artifact.entries.length
  const differs = artifact.findings.filter(({ rule }) => rule === 'attributes')
  const facts = {
    sha256,
    bytes,
    entries,
    ...hashTree(artifact.entries),
    ...(differs.length === 0 ? {} : { unlikeGitArchive: differs.map(({ path, why }) => `${path} ${why}`) }),
    listDigest: list.digest,
  }
  return { facts, warnings: artifact.findings, evidence: [jsonEvidence('artifact', facts), list] }
}

function artifactEmptyError({ commit, prefix }: Source): Stop {
  const where = prefix === '' ? '' : ` below ${prefix}`
  return new Stop(
    'STOP_ARTIFACT_UNCLEAN',
    `commit ${commit} holds no file${where}, or leaves all of them out of archives; the host was not touched`,
    { next: 'name another --commit in another run' },
  )
}

function sharedInArtifactError(paths: string[]): Stop {
  return new Stop(
    'STOP_ARTIFACT_UNCLEAN',
    `the commit holds ${paths.map((path) => JSON.stringify(path)).join(', ')}, to which the checks file wants a link (shared); the host was not touched`,
    { next: 'remove it from the commit, or from shared. Then start another run' },
  )
}

const MAX_LISTED = 5

function artifactUncleanError(findings: ArtifactFinding[]): Stop {
  const listed = findings
    .slice(0, MAX_LISTED)
    .map(
      ({ path, why, rule, fixed }) => `${JSON.stringify(path)} ${why}${fixed === true ? '' : ` (${rule})`}`,
    )
  const more = findings.length > MAX_LISTED ? ` (and ${findings.length - MAX_LISTED} more)` : ''
  return new Stop('STOP_ARTIFACT_UNCLEAN', `${listed.join('; ')}${more}; the host was not touched`, {
    next: 'remove it from the commit, and change every secret that was ever committed; or list path, kind and reason under allow in the checks file if it is meant to be there. Then start another run',
    data: { findings: findings.slice(0, 100) as unknown as Json },
  })
}
