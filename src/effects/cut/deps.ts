import type { Profile } from '../../document/profiles/profile.ts'
import type { EffectContext } from '../../domain/effect.ts'
import type { RehearsalDatabases, Target } from '../../targets/target.ts'

/** The dependencies of the effects of a cut. */
export interface CutDeps {
  /** Opens a target by its name in cutter.yaml. */
  target(name: string): Promise<Target>
  rehearsalDatabases: RehearsalDatabases
  /**
   * Reads the bytes of a source file.
   *
   * @throws INPUT_REFUSED when the path is not a readable file.
   */
  readSource(path: string): Promise<Uint8Array>
  /** Source files registered in cutter.yaml as it is now, by document id. */
  documents(): Promise<Record<string, RegisteredDocument>>
  /**
   * A user's own profiles as their files are now, in addition to those that ship. The same list until a file changes.
   *
   * @throws CONFIG_INVALID when one cannot be used.
   */
  profiles(): Promise<readonly Profile[]>
  caps: { units: number }
}

/** What cutter.yaml says of a document: its file, and how its first cut reads it. */
export interface RegisteredDocument {
  source: string
  profile?: string
}

/** What a scan depends on besides its text: own profiles, and the most units that a cut may have. */
export interface ScanDeps {
  profiles: readonly Profile[]
  caps: CutDeps['caps']
}

export const readScanDeps = async ({ profiles, caps }: CutDeps): Promise<ScanDeps> => ({
  profiles: await profiles(),
  caps,
})

export async function findRegistered(
  { documents }: Pick<CutDeps, 'documents'>,
  document: string,
): Promise<RegisteredDocument | undefined> {
  const known = await documents()
  return Object.hasOwn(known, document) ? known[document] : undefined
}

/** Opens the database of the phases behind the gate: the target in a live run, the run's rehearsal database in a dry run. */
export function openWriteTarget(
  deps: CutDeps,
  { mode, runId }: EffectContext,
  target: string,
): Promise<Target> {
  return mode === 'live' ? deps.target(target) : deps.rehearsalDatabases.open(runId)
}
