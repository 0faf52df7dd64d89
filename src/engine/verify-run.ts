import type { EffectRow } from '../domain/effect.ts'
import { tamperedRunError } from '../domain/errors.ts'
import { UPGRADED } from '../domain/history.ts'
import { canonicalJson } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import type { Machine } from '../machine/define.ts'
import { replayHistory } from '../machine/replay-history.ts'
import type { StoredRun } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'
import { findInstalled, loadRunRecord } from './load-run.ts'

/**
 * Checks a run's whole record: that it holds together (trusted.ts), and that replaying the history gives the stored snapshots,
 * the row, the effects in flight and the timers. Throws STORE_TAMPERED with the first thing that does not hold. A run of another
 * definition than the installed one can't be replayed, nor one whose machine is gone; the rest is checked all the same.
 */
export async function verifyRun(
  deps: EngineDeps,
  runId: string,
): Promise<{ entries: number; replayed: boolean }> {
  return verifyReplay(deps, await loadRunRecord(deps, runId))
}

/** The second half of it, for a record that was found to hold together. */
export async function verifyReplay(
  deps: EngineDeps,
  record: StoredRun,
): Promise<{ entries: number; replayed: boolean }> {
  const { run, history } = record
  const machine = (await findInstalled(deps, run.machine))?.machine
  if (machine?.definitionDigest !== run.definitionDigest) return { entries: history.length, replayed: false }
  const fault = await faultInReplay(machine, record)
  if (fault !== null) throw tamperedRunError(run.runId, fault)
  return { entries: history.length, replayed: true }
}

/** What a run has to go on with besides itself. */
type InFlight = Pick<StoredRun, 'effects' | 'timers'>

async function faultInReplay(machine: Machine, record: StoredRun): Promise<string | null> {
  const { run, history } = record
  const upgrade = history.findLastIndex(({ event }) => event.type === UPGRADED)
  let asked: InFlight = { effects: [], timers: [] }
  const again = await replayed(machine, record, upgrade, (step) => {
    asked = after(asked, step)
  })
  const field = differingField(run, again)
  if (field !== null) return `its row says another ${field} than its history gives`
  return upgrade < 0 ? faultInFlight(record, asked) : faultSinceUpgrade(record, asked, upgrade + 1)
}

/** What came before an upgrade was replayed by a chart that is gone; its chain has been checked, and replaying begins after it. */
async function replayed(
  machine: Machine,
  { run, history, contents }: StoredRun,
  upgrade: number,
  onStep: (step: Step) => void,
): Promise<Run> {
  if (upgrade < 0) return replayHistory(machine, run, history, null, onStep)
  const { replayUpgradedRun } = await import('../machine/upgrade-step.ts')
  const text = contents.get(history[upgrade]!.snapshotDigest)
  if (text === undefined) throw tamperedRunError(run.runId, 'the snapshot that its upgrade left is missing')
  return replayUpgradedRun(machine, run, history.slice(upgrade), Buffer.from(text).toString(), onStep)
}

/** The row is the fold of the history in every field but the working time, which entries don't carry. */
function differingField(stored: Run, again: Run): string | null {
  const fields = Object.keys(again) as (keyof Run)[]
  const differs = (field: keyof Run) => canonicalJson(stored[field]) !== canonicalJson(again[field])
  return fields.filter((field) => field !== 'workedMs').find(differs) ?? null
}

function after(before: InFlight, step: Step): InFlight {
  const held = { seq: step.entry.seq, owner: null, leaseUntil: null, attempt: 0 }
  return {
    effects: before.effects
      .filter(({ invokeId }) => !step.effectsDropped.includes(invokeId))
      .concat(step.effectsAsked.map((effect) => ({ ...effect, ...held }))),
    timers: before.timers
      .filter(({ timerId }) => !step.timersDropped.includes(timerId))
      .concat(step.timersAsked),
  }
}

function faultInFlight(stored: InFlight, asked: InFlight): string | null {
  if (!sameRows(stored.effects.map(effectRow), asked.effects.map(effectRow)))
    return 'its effects in flight are not those that its history asked for'
  return sameRows(stored.timers.map(timerRow), asked.timers.map(timerRow))
    ? null
    : 'its timers are not those that its history asked for'
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']

/** What was in flight before an upgrade was asked for by the old chart: of a timer it is known that none makes a decision. */
function faultSinceUpgrade(stored: InFlight, asked: InFlight, upgradeSeq: number): string | null {
  const known = new Set(asked.timers.map(timerRow))
  const since = {
    effects: stored.effects.filter(({ seq }) => seq > upgradeSeq),
    timers: stored.timers.filter(
      (timer) => known.has(timerRow(timer)) || DECISIONS.includes(timer.event.type),
    ),
  }
  return faultInFlight(since, asked)
}

/** What of an effect's row was asked for; who holds it, and how often it was tried, is of the moment. */
const effectRow = ({ invokeId, seq, name, input }: EffectRow) => asStored({ invokeId, seq, name, input })
const timerRow = ({ timerId, dueAt, event }: Timer) => asStored({ timerId, dueAt, event })
/** Through the JSON of a row: a chart may ask with what JSON writes otherwise, such as a date. */
const asStored = (row: unknown) => canonicalJson(JSON.parse(JSON.stringify(row)))
const sameRows = (stored: string[], again: string[]) =>
  canonicalJson(stored.sort()) === canonicalJson(again.sort())
