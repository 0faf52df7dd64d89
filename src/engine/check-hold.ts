import { CutterError, Stop } from '../domain/errors.ts'
import { type Hold, type HoldInForce, holdOver } from '../domain/hold.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** What the hold said when it was read; recorded with the write that followed, as the execution switch's reading is. */
export type HoldReading = { on: boolean; released: boolean; since: string | null; at: string }

/** Refuses to start a run (null) or to move one while a hold binds it. A closed run can't be moved, and is never refused. */
export async function assertNotOnHold(
  { store }: Pick<EngineDeps, 'store'>,
  run: Pick<Run, 'runId' | 'status'> | null,
): Promise<void> {
  if (run?.status === 'closed') return
  const hold = holdOver(await store.hold(), run?.runId ?? null)
  if (hold !== null) throw onHold(hold, run?.runId ?? null)
}

/** The same question before each write, live or simulated, of a run that has begun: here a hold stops the run. */
export async function assertNoHoldBeforeWrite(
  { store, clock }: EngineDeps,
  runId: string,
): Promise<HoldReading> {
  const inForce = await store.hold()
  const hold = holdOver(inForce, runId)
  const reading = readingOf(inForce, hold, clock.now())
  if (hold === null) return reading
  throw new Stop('STOP_HOLD', sentence(hold), {
    next: nextOnHold('<run>'),
    data: { hold: { ...reading, ...hold } },
  })
}

function readingOf(inForce: HoldInForce | null, hold: Hold | null, now: Date): HoldReading {
  const on = inForce !== null
  return { on, released: on && hold === null, since: inForce?.since ?? null, at: now.toISOString() }
}

function onHold(hold: Hold, runId: string | null): CutterError {
  const what = runId === null ? 'no run starts' : `run ${runId} does not go on`
  return new CutterError('ON_HOLD', `${what}: ${sentence(hold)}; nothing was done here`, {
    next: runId === null ? 'cutter hold off' : nextOnHold(runId),
    data: { ...(runId === null ? {} : { runId }), hold: { ...hold } },
  })
}

const sentence = ({ since, reason, by }: Hold) => `on hold since ${since} (${reason}, ${by})`

const nextOnHold = (runId: string) =>
  `cutter hold off, or, for this run alone: cutter hold release ${runId}; then cutter run resume ${runId}`
