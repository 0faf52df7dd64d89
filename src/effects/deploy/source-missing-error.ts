import { Stop } from '../../domain/errors.ts'

/** Makes the stop for what is missing in the source. `next`: what to do before the run can be resumed. */
export function sourceMissingError(what: string, next: string): Stop {
  return new Stop('STOP_SOURCE_MISSING', `${what}; the host was not touched`, {
    next: `${next}, then cutter run resume <run>`,
  })
}
