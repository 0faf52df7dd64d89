import { signal } from '@preact/signals'

const ticks = signal(0)
setInterval(() => {
  ticks.value += 1
}, 10_000)

/** Milliseconds since 1970. Whatever shows them is shown again every ten seconds, so that relative times stay true. */
export const now = {
  get value(): number {
    void ticks.value
    return Date.now()
  },
}

/** Counts the seconds, ten at a time: for what is read again from time to time. */
export const tick = () => ticks.value

const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** `3 hours ago`, `in 20 minutes`, `less than a minute ago`. */
export function relative(iso: string, at: number): string {
  const seconds = (Date.parse(iso) - at) / 1_000
  for (const [unit, size] of UNITS)
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit)
  return seconds > 0 ? 'in less than a minute' : 'less than a minute ago'
}

const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** The time in the reader's own zone, which it names. */
export const absolute = (iso: string) => full.format(new Date(iso))

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
export const timeOfDay = (iso: string) => clock.format(new Date(iso))

/** A length in words: `30 ms`, `0.3 s`, `12 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(ms < 1_000 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
