import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { digestOf } from '../../domain/json.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'
import { artifactUncleanError } from './artifact-unclean-error.ts'
import { buildArtifact } from './build-artifact.ts'
import type { Checks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import type { IncludedContent } from './include-contents.ts'
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
  /** Contents of submodules and large files that the allowances include. Left out: none. */
  included?: IncludedContent[]
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
  { allow, shared, skeleton }: Pick<Checks, 'allow' | 'shared' | 'skeleton'>,
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
  const artifact = await buildArtifact(source, {
    tools,
    signal: context.signal,
    allow,
    known: listed,
  })
  if (known !== null) await keepArtifact(artifact)
  else await artifact.dispose()
  const refused = artifact.findings.filter(({ severity }) => severity === 'refused')
  if (refused.length > 0) throw artifactUncleanError(refused)
  const twice = listSharedInArtifact(artifact.entries, shared)
  if (twice.length > 0) throw sharedInArtifactError(twice)
  const files = artifact.entries.filter(
    ({ path, type }) => type === 'file' && skeleton.folders.includes(path),
  )
  if (files.length > 0) throw fileForFolderError(files.map(({ path }) => path))
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
    ...(artifact.included.length === 0 ? {} : { included: artifact.included }),
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

function fileForFolderError(paths: string[]): Stop {
  return new Stop(
    'STOP_ARTIFACT_UNCLEAN',
    `the commit holds a file at ${paths.map((path) => JSON.stringify(path)).join(', ')}, where the checks file wants a folder (skeleton.folders); the host was not touched`,
    { next: 'remove it from the commit, or from the skeleton. Then start another run' },
  )
}

function sharedInArtifactError(paths: string[]): Stop {
  return new Stop(
    'STOP_ARTIFACT_UNCLEAN',
    `the commit holds ${paths.map((path) => JSON.stringify(path)).join(', ')}, to which the checks file wants a link (shared); the host was not touched`,
    { next: 'remove it from the commit, or from shared. Then start another run' },
  )
}
