import { isDay } from '../../domain/day.ts'
import { CutterError } from '../../domain/errors.ts'

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/

/**
 * Reads the time of which a reader wants to know what was in force. A day means its end, in UTC. Returns ISO 8601, with the digits as given.
 * @throws USAGE when it is neither a day nor a time with its zone
 */
export function readAsOf(text: string): string {
  const time = isDay(text) ? `${text}T23:59:59.999999Z` : text
  if (TIME.test(time) && isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(time))) return time
  throw new CutterError('USAGE', `${text} is no day and no time; nothing was read`, {
    next: 'write a day such as 2026-11-28, which means its end in UTC, or a time with its zone, such as 2026-11-28T09:00:00Z',
  })
}
