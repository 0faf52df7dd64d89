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
  /** Source files registered in cutter.yaml, by document id. */
  documents: Record<string, { source: string; profile?: string }>
  /** A user's own profiles, in addition to those that ship. */
  profiles: readonly Profile[]
  caps: { units: number }
}

/** Opens the database of the phases behind the gate: the target in a live run, the run's rehearsal database in a dry run. */
export function openWriteTarget(
  deps: CutDeps,
  { mode, runId }: EffectContext,
  target: string,
): Promise<Target> {
  return mode === 'live' ? deps.target(target) : deps.rehearsalDatabases.open(runId)
}
