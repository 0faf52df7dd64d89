import { CutterError, Stop } from '../../domain/errors.ts'

/** The error of a command that reads a target, where an effect would stop its run. Other errors are returned as they are. */
export function targetError(error: unknown): unknown {
  if (!(error instanceof Stop)) return error
  const { code, next } = error.facts
  return new CutterError(
    code === 'STOP_TARGET_UNREACHABLE' ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED',
    error.message,
    next === undefined ? {} : { next },
  )
}
