import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Run } from '../domain/run.ts'
import { refuseOnHold } from './hold.ts'
import { known, takenUp } from './known.ts'
import { orHeld, refuseHeld } from './lease.ts'
import { operatorOf } from './operators.ts'
import type { EngineParts } from './parts.ts'
import { answerAtRest } from './resting.ts'
import { refuseSecretWords } from './secrets.ts'

export interface StartOptions {
  mode: Mode
  /** Makes starting idempotent for ever: same key and same input → the same run. */
  key?: string
  /** A label for who starts it; the OS user is recorded beside it. */
  by?: string
}

export interface Engine {
  /** Makes a run and works on it until it pauses, stops or closes. */
  start(machine: string, input: { [key: string]: Json }, options: StartOptions): Promise<Run>
  /**
   * Takes a run up again: under an approval when it waits at a gate, after a stop, or after a crash. A closed run is
   * answered as it is, with no work.
   */
  resume(runId: string, options: { approvalId?: string; by?: string }): Promise<Run>
  /** Closes a run as cancelled that rests, or was interrupted with no live write in flight. What it has committed stays; what that is, the answer's output says. */
  cancel(runId: string, options: { reason: string; by?: string }): Promise<Run>
  /** How many runs this process has in hand at this moment. */
  inHand(): number
}

/**
 * The verbs that move runs. What they need beyond the store (machines, approvals, XState) is loaded when a run really moves:
 * asking after a run that is closed or waits must not pay for it.
 */
export function createEngine(parts: EngineParts): Engine {
  // Two resumes of one run in one process share an owner, so the lease can't tell them apart; this does.
  const inHands = new Set<string>()
  const exclusively = async <T>(runId: string, task: () => Promise<T>): Promise<T> => {
    if (inHands.has(runId)) throw held(runId)
    inHands.add(runId)
    try {
      return await task()
    } finally {
      await parts.reports?.atRest(runId)
      inHands.delete(runId)
    }
  }
  return {
    async start(machine, input, options) {
      const { start } = await import('./start.ts')
      return start(parts, exclusively, machine, input, options)
    },
    resume: (runId, options) => exclusively(runId, () => resume(parts, runId, options)),
    cancel: (runId, options) => exclusively(runId, () => cancel(parts, runId, options)),
    inHand: () => inHands.size,
  }
}

const held = (runId: string) =>
  new CutterError('RUN_HELD', `run ${runId} is being worked on by this very process`, {
    next: 'wait for its answer',
  })

export type Exclusively = <T>(runId: string, task: () => Promise<T>) => Promise<T>

async function resume(
  parts: EngineParts,
  id: string,
  options: { approvalId?: string; by?: string },
): Promise<Run> {
  refuseSecretWords(parts, { '--by': options.by, '--approval': options.approvalId })
  const taken = await takenUp(parts, id)
  const { run: found, record } = taken
  if (found.status === 'closed') return found
  await refuseOnHold(parts, found)
  const by = operatorOf(parts, options.by)
  // Nothing is in flight where a run rests.
  if (found.status === 'working') await refuseHeld(parts, found)
  // Whoever moves a run takes up more of its record than its row: all of it must be what the history gives.
  if (record !== null) await (await import('./verify-run.ts')).verifyReplay(parts, record)
  const { upToDate } = await import('./upgrade.ts')
  const run = await upToDate(parts, found, by)
  answerAtRest(run, options.approvalId)
  if (run.status === 'paused') {
    const { decide } = await import('./decide.ts')
    return decide(parts, run === found ? taken : await takenUp(parts, id), options.approvalId!, by)
  }
  const { goOn } = await import('./go-on.ts')
  return goOn(parts, run, options.approvalId, by)
}

async function cancel(
  parts: EngineParts,
  id: string,
  options: { reason: string; by?: string },
): Promise<Run> {
  refuseSecretWords(parts, { '--by': options.by, '--reason': options.reason })
  const run = await known(parts, id)
  if (run.status === 'closed') return run
  const by = operatorOf(parts, options.by)
  await refuseHeld(parts, run)
  const { abandonOtherDefinition, takeOverUnsettled } = await import('./abandon.ts')
  const { workOn } = await import('./work.ts')
  const { reason } = options
  if (run.status === 'working') await takeOverUnsettled(parts, run)
  const abandoned = await abandonOtherDefinition(parts, run, { by, reason })
  if (abandoned !== null) return abandoned
  if (parts.checkRecords !== false) await (await import('./verify-run.ts')).verifyRun(parts, id)
  return orHeld(parts, run, () => workOn(parts, run, { type: 'CANCEL', reason }, by))
}
