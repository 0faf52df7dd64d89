import { CutterError } from '../domain/errors.ts'
import { faultInHistory } from '../domain/history.ts'
import { canonicalJson, digestOfBytes } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import { replay } from '../machine/step.ts'
import { known } from './known.ts'
import type { EngineParts } from './parts.ts'

/**
 * Checks a run's whole record: the chain of its history, the snapshots that replaying it gives, and the digest of each
 * piece of evidence. Throws STORE_TAMPERED with the first thing that does not hold. A run of another definition than the
 * installed one can't be replayed; its chain and evidence are checked all the same.
 */
export async function verifyRun(
  parts: EngineParts,
  runId: string,
): Promise<{ entries: number; replayed: boolean }> {
  const run = await known(parts, runId)
  const entries = await parts.store.history(runId)
  const fault = faultInHistory(run, entries)
  if (fault !== null) throw tampered(runId, fault)
  for (const { name, digest } of await parts.store.evidenceOf(runId)) {
    const bytes = await parts.store.evidence(digest)
    if (bytes === null || digestOfBytes(bytes) !== digest)
      throw tampered(runId, `the evidence ${name} was edited`)
  }
  const { machine } = await parts.installed(run.machine)
  if (machine.definitionDigest !== run.definitionDigest) return { entries: entries.length, replayed: false }
  const other = differingField(run, replay(machine, run, entries))
  if (other !== null) throw tampered(runId, `its row says another ${other} than its history gives`)
  return { entries: entries.length, replayed: true }
}

/** The row is the fold of the history in every field but the working time, which entries don't carry. */
function differingField(stored: Run, replayed: Run): string | null {
  const fields = Object.keys(replayed) as (keyof Run)[]
  const differs = (field: keyof Run) => canonicalJson(stored[field]) !== canonicalJson(replayed[field])
  return fields.filter((field) => field !== 'workedMs').find(differs) ?? null
}

function tampered(runId: string, what: string): CutterError {
  return new CutterError('STORE_TAMPERED', `run ${runId} can't be trusted: ${what}`, {
    next: 'compare with a backup of the store',
    data: { runId },
  })
}
