import type { Effect } from '../domain/effect.ts'
import { CutterError, Stop, type StopFacts } from '../domain/errors.ts'
import { STOP_CODES } from '../domain/stop-codes.ts'
import { messageOfThrown, stackOfThrown } from '../domain/thrown.ts'
import { invalidEffectStop } from './effect-result.ts'
import type { EngineDeps } from './engine-deps.ts'

/** How an effect fails: the stop that its error becomes, and the stops of the caps. */

/** Builds the stop that an error of an effect becomes. `passed` is the deadline at which it was aborted, if it was. */
export function stopOf(error: unknown, effect: Effect, passed: Deadline | null): StopFacts {
  if (error instanceof Stop) {
    if (error.facts.code in STOP_CODES) return error.facts
    const what = `threw a Stop with the code ${String(error.facts.code)}, which does not exist (${error.message})`
    return invalidEffectStop(effect, what).facts
  }
  if (passed !== null) return deadlineStop(passed, effect, error instanceof LeftBehind).facts
  if (error instanceof CutterError) {
    const next = error.next === undefined ? {} : { next: error.next }
    return { code: stopCodeOf(error), message: error.message, ...next, data: error.data }
  }
  return unexpectedError(error, effect)
}

/** An error that no code of ours throws. For a user's effect it names the first line of its stack in the user's own files. */
function unexpectedError(error: unknown, effect: Effect): StopFacts {
  const { source, name } = effect
  if (source === undefined && isWithoutSpace(error))
    return {
      code: 'STOP_NO_SPACE',
      message: `${name} could not write a file here: ${messageOfThrown(error)}`,
      next: 'free space for the home and the temporary folder (TMPDIR), or make them writable, then: cutter run resume <run>',
    }
  if (source === undefined) return { code: 'STOP_INTERNAL', message: messageOfThrown(error) }
  const at = findPlace(error, source.files) ?? source.place
  const data = { effect: name, error: error instanceof Error ? error.name : typeof error, at }
  const message = `${name} threw: ${describeThrown(error, effect)}`
  return { code: 'STOP_INTERNAL', message, next: CORRECT, data }
}

/** Whether a file could not be written for want of room or because its file system takes no writes: errno(3). */
function isWithoutSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code ?? '') || isWithoutSpace(error.cause)
}

/** A changed machine does not continue the run that stopped, so the way on is another run. */
const CORRECT =
  'correct the machine, end this run (cutter run cancel <run> --reason …) and start another; if the cause is outside of the machine: cutter run resume <run>'

/** What an effect threw, as the end of a sentence, with the place of a user's effect. */
export function describeThrown(error: unknown, { source }: Effect): string {
  const message = messageOfThrown(error)
  if (source === undefined || error instanceof CutterError) return message
  if (error instanceof Error) return `${message} (${findPlace(error, source.files) ?? source.place})`
  return `${JSON.stringify(message)}, which is no Error and so has no line (the effect is at ${source.place})`
}

function findPlace(error: unknown, files: string[]): string | undefined {
  const line = stackOfThrown(error)
    .split('\n')
    .find((line) => files.some((file) => line.includes(`${file}:`)))
  return line?.trim().replace(/^at (?:.*\()?(.*?)\)?$/, '$1')
}

/** Builds the stop of a run that took too many steps. */
export function stepsStop({ caps }: EngineDeps, { name, source }: Effect): Stop {
  const place = source === undefined ? '' : ` (${source.place})`
  const message = `the run took ${caps.steps} steps, which is its cap (caps.steps); the effect ${name}${place} was not started`
  return new Stop('STOP_CAP_STEPS', message, {
    next: 'correct a chart that leads in a circle, or raise caps.steps in cutter.yaml, then cutter run resume',
  })
}

/** What limits the working time of an effect: the run, its phase or the effect itself. */
export type Deadline = 'run' | 'phase' | 'effect'

/** Thrown in the place of an effect that ignored its signal for the grace time. It may still work, and nobody waits for it. */
export class LeftBehind extends Error {
  constructor(
    name: string,
    graceMs: number,
    /** What still works. */
    readonly work: Promise<unknown>,
  ) {
    super(`${name} ignored its signal for ${graceMs / 1000} s and was left behind`)
    this.name = 'LeftBehind'
  }
}

/** Builds the stop of an effect that was aborted at a deadline. */
function deadlineStop(passed: Deadline, { name, timeoutSeconds }: Effect, leftBehind: boolean): Stop {
  const how = leftBehind ? 'ignored its signal and was left behind, and its lease has ended' : 'was aborted'
  if (passed === 'run') return capStop(`the effect ${how}`)
  const next = 'find out what it waits for, then: cutter run resume <run>'
  if (passed === 'effect')
    return new Stop('STOP_EFFECT_TIMEOUT', `${name} took longer than its ${timeoutSeconds} s, and ${how}`, {
      next,
    })
  return new Stop(
    'STOP_CAP_PHASE_TIME',
    `the phase ${name} reached its cap (caps.phaseMinutes), and ${how}`,
    {
      next: 'find out what it waits for, or raise its minutes in cutter.yaml (caps.phaseMinutesOf, or caps.phaseMinutes for all phases), then: cutter run resume <run>',
    },
  )
}

/** Builds the stop of a run whose working time is over. `what` is the end of a sentence. */
export function capStop(what: string): Stop {
  return new Stop('STOP_CAP_RUN_TIME', `the run’s working time reached its cap (caps.runMinutes); ${what}`, {
    next: 'raise caps.runMinutes in cutter.yaml, then cutter run resume',
  })
}

function stopCodeOf({ code }: CutterError): StopFacts['code'] {
  if (code === 'INPUT_REFUSED' || code === 'CONFIG_INVALID') return 'STOP_REFUSED_INPUT'
  if (code === 'TARGET_UNREACHABLE') return 'STOP_TARGET_UNREACHABLE'
  if (code === 'TARGET_REFUSED' || code === 'TARGET_NOT_FOUND') return 'STOP_TARGET_REFUSED'
  if (code === 'HOST_UNREACHABLE') return 'STOP_HOST_UNREACHABLE'
  if (code === 'HOST_COMMAND_FAILED') return 'STOP_HOST_COMMAND_FAILED'
  if (code === 'TOOL_MISSING') return 'STOP_TOOL_MISSING'
  if (code === 'STORE_UNWRITABLE') return 'STOP_NO_SPACE'
  return 'STOP_INTERNAL'
}
