const UNITS: [unit: string, seconds: number][] = [
  ['y', 31_557_600],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
]

/** How long ago something was, in at most eight characters: `just now`, `59m ago`, `23h ago`, `364d ago`, `2y ago`. */
export function ago(iso: string, now: Date): string {
  const seconds = (now.getTime() - Date.parse(iso)) / 1_000
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)}${unit} ago`
  // The clock of another computer may be ahead by a little.
  return 'just now'
}

const DAY_MS = 86_400_000

/** The time of day in UTC, for lines that stay while time passes: `14:03:22`; of what is older than a day, how long ago it was. */
export const clockTime = (iso: string, now: Date): string =>
  now.getTime() - Date.parse(iso) < DAY_MS ? new Date(iso).toISOString().slice(11, 19) : ago(iso, now)

/** When something ends: `in 59m`, `in 23h`, `now`. */
export function until(iso: string, now: Date): string {
  const seconds = (Date.parse(iso) - now.getTime()) / 1_000
  for (const [unit, size] of UNITS) if (seconds >= size) return `in ${Math.floor(seconds / size)}${unit}`
  return seconds > 0 ? 'in less than 1m' : 'now'
}

/** A length of time: `40ms`, `3.2s`, `12s`, `4m 10s`, `3h 5m`, `2d 4h`. */
export function lengthOf(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.max(0, Math.round(milliseconds))}ms`
  if (milliseconds < 10_000) return `${(milliseconds / 1_000).toFixed(1)}s`
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`
}
