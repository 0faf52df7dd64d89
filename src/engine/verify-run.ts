import { CutterError } from '../domain/errors.ts'
import { faultInHistory, UPGRADED } from '../domain/history.ts'
import { canonicalJson, digestOfBytes } from '../domain/json.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import { type Machine, replay } from '../machine/step.ts'
import { installedOrNull, known } from './known.ts'
import type { EngineParts } from './parts.ts'

/**
 * Checks a run's whole record: the chain of its history, the snapshots that replaying it gives, and the digest of each
 * piece of evidence. Throws STORE_TAMPERED with the first thing that does not hold. A run of another definition than the
 * installed one can't be replayed, nor one whose machine is gone; its chain and evidence are checked all the same.
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
  const machine = (await installedOrNull(parts, run.machine))?.machine
  if (machine?.definitionDigest !== run.definitionDigest) return { entries: entries.length, replayed: false }
  const other = differingField(run, await replayed(parts, machine, run, entries))
  if (other !== null) throw tampered(runId, `its row says another ${other} than its history gives`)
  return { entries: entries.length, replayed: true }
}

/** What came before an upgrade was replayed by a chart that is gone; its chain has been checked, and replaying begins after it. */
async function replayed(
  { store }: EngineParts,
  machine: Machine,
  run: Run,
  entries: HistoryEntry[],
): Promise<Run> {
  const newest = entries.findLastIndex(({ event }) => event.type === UPGRADED)
  if (newest < 0) return replay(machine, run, entries)
  const { replayUpgraded } = await import('../machine/upgrade.ts')
  const text = await store.evidence(entries[newest]!.snapshotDigest)
  if (text === null) throw tampered(run.runId, 'the snapshot that its upgrade left is missing')
  return replayUpgraded(machine, run, entries.slice(newest), Buffer.from(text).toString())
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
