import { CutterError } from '../domain/errors.ts'

const UNIT_MS: { [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a duration such as `90s`, `30m`, `2h` or `1d`. Returns milliseconds.
 * @param flag the option that an error names
 * @param maxDays the longest duration that is accepted, in days
 * @throws USAGE when the text is not a duration, is zero or is longer than `maxDays`
 */
export function parseDuration(text: string, flag: string, maxDays: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (UNIT_MS[unit ?? ''] ?? 0)
  if (ms > 0 && ms <= maxDays * UNIT_MS.d!) return ms
  throw new CutterError('USAGE', `${flag} ${text} is not a valid duration; nothing was changed`, {
    next: `give a duration such as 90s, 30m, 2h or 1d, at most ${maxDays}d`,
  })
}
