import { CutterError, Stop } from '../domain/errors.ts'
import { type Hold, type HoldInForce, holdOver } from '../domain/hold.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** The hold as it was read. It is recorded with the write that followed, like the reading of the execution switch. */
export type HoldReading = { on: boolean; released: boolean; since: string | null; at: string }

/**
 * Checks that no hold binds a run, or a run that is to be started (null). A hold binds at two places: here, before anything is
 * appended, and before each write. A closed run is never bound.
 * @throws ON_HOLD
 */
export async function assertNotOnHold(
  { store }: Pick<EngineDeps, 'store'>,
  run: Pick<Run, 'runId' | 'status'> | null,
): Promise<void> {
  if (run?.status === 'closed') return
  const hold = holdOver(await store.hold(), run?.runId ?? null)
  if (hold !== null) throw onHoldError(hold, run?.runId ?? null)
}

/**
 * Checks the hold before a write, live or simulated, and returns the reading. It comes after the probe, so that a write that was already
 * committed is still recorded.
 * @throws Stop STOP_HOLD
 */
export async function assertNoHoldBeforeWrite(
  { store, clock }: EngineDeps,
  runId: string,
): Promise<HoldReading> {
  const inForce = await store.hold()
  const hold = holdOver(inForce, runId)
  const reading = readingOf(inForce, hold, clock.now())
  if (hold === null) return reading
  throw new Stop('STOP_HOLD', describeHold(hold), {
    next: nextOnHold('<run>'),
    data: { hold: { ...reading, ...hold } },
  })
}

function readingOf(inForce: HoldInForce | null, hold: Hold | null, now: Date): HoldReading {
  const on = inForce !== null
  return { on, released: on && hold === null, since: inForce?.since ?? null, at: now.toISOString() }
}

function onHoldError(hold: Hold, runId: string | null): CutterError {
  const what = runId === null ? 'no run starts' : `run ${runId} does not continue`
  return new CutterError('ON_HOLD', `${what}: ${describeHold(hold)}; nothing was done here`, {
    next: runId === null ? 'cutter hold off' : nextOnHold(runId),
    data: { ...(runId === null ? {} : { runId }), hold: { ...hold } },
  })
}

const describeHold = ({ since, reason, by }: Hold) => `on hold since ${since} (${reason}, ${by})`

const nextOnHold = (runId: string) =>
  `cutter hold off, or, for this run alone: cutter hold release ${runId}; then cutter run resume ${runId}`
