import { InvalidArgumentError, Option } from 'commander'
import { isDay } from '../domain/day.ts'

/** The description of an argument that names a run. */
export const RUN = 'id of the run, or a unique prefix or suffix of it'

/** `--mode`, with what a dry run does not do. */
export const modeOption = (dryRun: string, mode: 'dry-run' | 'live' = 'dry-run') =>
  new Option('--mode <mode>', dryRun).choices(['dry-run', 'live']).default(mode)

/** Parses an integer from 1 to `max`. */
export const integer =
  (max = 999_999_999) =>
  (value: string): number => {
    const number = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 0
    if (number >= 1 && number <= max) return number
    throw new InvalidArgumentError(
      max === 999_999_999 ? 'It must be an integer from 1.' : `It must be an integer from 1 to ${max}.`,
    )
  }

/** Parses an integer from `min` to `max`. */
export const integerFrom =
  (min: number, max: number) =>
  (value: string): number => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : -1
    if (number >= min && number <= max) return number
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`)
  }

/** Parses a text that must match a pattern. */
export const matching =
  (pattern: RegExp, what: string) =>
  (value: string): string => {
    if (pattern.test(value)) return value
    throw new InvalidArgumentError(`It must be ${what}.`)
  }

/** Parses a day that exists. */
export function dayOf(value: string): string {
  if (isDay(value)) return value
  throw new InvalidArgumentError('It must be a day that exists, such as 2013-11-28.')
}

/** Parses a date, or a time with its zone. The answer is ISO 8601 in UTC. */
export function timeOf(value: string): string {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value)
  const time = isTime && isDay(value.slice(0, 10)) ? Date.parse(value) : Number.NaN
  if (Number.isFinite(time)) return new Date(time).toISOString()
  throw new InvalidArgumentError(
    'It must be a day that exists, or a time with its zone, such as 2026-03-01T09:00Z.',
  )
}
