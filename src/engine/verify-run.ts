import { findAbandonment } from '../domain/begun-writes.ts'
import type { EffectRow } from '../domain/effect.ts'
import { tamperedRunError } from '../domain/errors.ts'
import { UPGRADED } from '../domain/history.ts'
import { canonicalJson } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import type { Machine } from '../machine/define.ts'
import { replayHistory } from '../machine/replay-history.ts'
import type { StoredRun } from '../store/run-store.ts'
import { type InFlight, inFlightAfter } from './checked-runs.ts'
import type { EngineDeps } from './engine-deps.ts'
import { findInstalled, loadRunRecord } from './load-run.ts'

/**
 * Verifies the complete record of a run: it holds together (check-run-record.ts), and replaying the history gives the stored snapshots, the
 * row, the effects in flight and the timers. A run whose definition is not installed cannot be replayed; the rest is verified.
 * @throws RUN_NOT_FOUND
 * @throws STORE_TAMPERED with the first thing that does not hold
 */
export async function verifyRun(
  deps: EngineDeps,
  runId: string,
): Promise<{ entries: number; replayed: boolean }> {
  const { checked: _, ...complete } = deps
  return verifyReplay(complete, await loadRunRecord(complete, runId))
}

/**
 * Verifies by replay a record that was found to hold together.
 * @throws STORE_TAMPERED
 */
export async function verifyReplay(
  deps: EngineDeps,
  record: StoredRun,
): Promise<{ entries: number; replayed: boolean }> {
  const { run, history } = record
  const machine = (await findInstalled(deps, run))?.machine
  if (machine?.definitionDigest !== run.definitionDigest) return { entries: history.length, replayed: false }
  // An abandoned run may have lost the snapshot at which replaying begins.
  if (hasLostSnapshot(record)) return { entries: history.length, replayed: false }
  const fault = await findReplayFault(deps, machine, record)
  if (fault !== null) throw tamperedRunError(run.runId, fault)
  return { entries: history.length, replayed: true }
}

const hasLostSnapshot = ({ history, contents }: StoredRun) =>
  (findAbandonment(history)?.lostEvidence ?? []).some(
    ({ name, digest }) => name === 'snapshot/upgraded' && !contents.has(digest),
  )

async function findReplayFault(
  { checked }: Pick<EngineDeps, 'checked'>,
  machine: Machine,
  record: StoredRun,
): Promise<string | null> {
  const { run, history } = record
  const upgrade = history.findLastIndex(({ event }) => event.type === UPGRADED)
  const before = upgrade < 0 ? (checked?.replayed(run, history) ?? null) : null
  let asked = before?.asked ?? { effects: [], timers: [] }
  const replayed = await replay(machine, record, { upgrade, before: before?.run ?? null }, (step) => {
    asked = inFlightAfter(asked, step)
  })
  const field = findDifferingField(run, replayed)
  if (field !== null) return `its row says another ${field} than its history gives`
  const fault =
    upgrade < 0 ? findInFlightFault(record, asked) : findFaultSinceUpgrade(record, asked, upgrade + 1)
  if (fault === null) checked?.keepReplayed({ definitionDigest: run.definitionDigest, run: replayed, asked })
  return fault
}

/** The entries before an upgrade belong to a chart that is gone. Their chain has been checked, and replaying begins after them. */
async function replay(
  machine: Machine,
  { run, history, contents }: StoredRun,
  { upgrade, before }: { upgrade: number; before: Run | null },
  onStep: (step: Step) => void,
): Promise<Run> {
  if (upgrade < 0) return replayHistory(machine, run, history.slice(before?.seq ?? 0), before, onStep)
  const { replayUpgradedRun } = await import('../machine/upgrade-step.ts')
  const text = contents.get(history[upgrade]!.snapshotDigest)
  if (text === undefined) throw tamperedRunError(run.runId, 'the snapshot that its upgrade left is missing')
  return replayUpgradedRun(machine, run, history.slice(upgrade), Buffer.from(text).toString(), onStep)
}

/** The row must equal the replayed run in every field but the working time, which entries do not have. */
function findDifferingField(stored: Run, replayed: Run): string | null {
  const fields = Object.keys(replayed) as (keyof Run)[]
  const differs = (field: keyof Run) => canonicalJson(stored[field]) !== canonicalJson(replayed[field])
  return fields.filter((field) => field !== 'workedMs').find(differs) ?? null
}

function findInFlightFault(stored: InFlight, asked: InFlight): string | null {
  if (!sameRows(stored.effects.map(effectRow), asked.effects.map(effectRow)))
    return 'its effects in flight are not those that its history asked for'
  return sameRows(stored.timers.map(timerRow), asked.timers.map(timerRow))
    ? null
    : 'its timers are not those that its history asked for'
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']

/** The old chart asked for what was in flight before an upgrade. Of those timers only one thing is certain: none makes a decision. */
function findFaultSinceUpgrade(stored: InFlight, asked: InFlight, upgradeSeq: number): string | null {
  const known = new Set(asked.timers.map(timerRow))
  const since = {
    effects: stored.effects.filter(({ seq }) => seq > upgradeSeq),
    timers: stored.timers.filter(
      (timer) => known.has(timerRow(timer)) || DECISIONS.includes(timer.event.type),
    ),
  }
  return findInFlightFault(since, asked)
}

/** The part of an effect's row that a step asked for. Its owner and its attempts may differ. */
const effectRow = ({ invokeId, seq, name, input }: EffectRow) => asStored({ invokeId, seq, name, input })
const timerRow = ({ timerId, dueAt, event }: Timer) => asStored({ timerId, dueAt, event })
/** Passes a row through JSON, because a chart may ask with values that JSON changes, such as a date. */
const asStored = (row: unknown) => canonicalJson(JSON.parse(JSON.stringify(row)))
const sameRows = (stored: string[], asked: string[]) =>
  canonicalJson(stored.sort()) === canonicalJson(asked.sort())
