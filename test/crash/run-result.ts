import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import type { Run } from '../../src/domain/run.ts'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import type { CrashHarness } from './crash-harness.ts'
import { type Rows, readRunRows } from './target-rows.ts'

/** The result of a closed run, in a form that is the same for every run of the same text, even after crashes. */
export interface RunResult {
  state: string
  outcome: string | null
  output: { [key: string]: unknown }
  rows: Rows
  /** Rehearsal databases. A closed run has dropped them. */
  scratches: string[]
  leases: unknown[]
  timers: unknown[]
  /** For each approval: its gate, and whether it was used. */
  approvals: string[]
  /** Whether chain, snapshots by replay, and evidence hold. */
  replayed: boolean
  events: SavedEvent[]
}

export interface SavedEvent {
  type: string
  state: string
  ran: unknown
  attempt: unknown
}

export async function readRunResult(harness: CrashHarness, run: Run): Promise<RunResult> {
  const { app, sql } = harness
  const scratches = await sql.query<{ datname: string }>(
    `select datname from pg_database where datname like 'scratch%'`,
  )
  const { counts: _, ...output } = run.output as { [key: string]: unknown }
  return {
    state: run.state,
    outcome: run.outcome,
    output: { ...output, document: 'document', sourceVersionId: 'source version' },
    rows: await readRunRows(sql, app.store, run),
    scratches: scratches.rows.map(({ datname }) => datname),
    leases: await app.store.effects(run.runId),
    timers: await app.store.timers(run.runId),
    approvals: (await app.store.approvals(run.runId)).map(
      ({ statement, usedSeq }) => `${statement.gate} ${usedSeq === null ? 'unused' : 'used'}`,
    ),
    replayed: (await replayRun(harness, run)).replayed,
    events: (await app.store.history(run.runId)).map(savedEvent),
  }
}

/** Replays the run on the chart in src, with the definition digest of the build that started it. */
function replayRun({ app: { deps: parts } }: CrashHarness, { runId, definitionDigest }: Run) {
  const installed: EngineDeps['installed'] = async (name, run) => {
    const found = await parts.installed(name, run)
    return { ...found, machine: { ...found.machine, definitionDigest } }
  }
  return verifyRun({ ...parts, installed }, runId)
}

function savedEvent({ event, state }: HistoryEntry): SavedEvent {
  return { type: event.type, state, ran: event.ran, attempt: event.attempt }
}

/** How a phase got its result. Undefined where it has none. Throws where it has two. */
export function findPhaseRan(events: SavedEvent[], phase: string): unknown {
  const done = events.filter(({ type }) => type === `xstate.done.actor.${phase}`)
  if (done.length > 1) throw new Error(`${phase} was done ${done.length} times`)
  return done[0]?.ran
}

/** The phases that were started more than once, with the number of attempts. */
export function countAttempts(events: SavedEvent[]): { [phase: string]: unknown } {
  const tried = events.filter(({ attempt }) => attempt !== undefined)
  return Object.fromEntries(tried.map(({ type, attempt }) => [type.split('.').at(-1), attempt]))
}
