/** The source of every time that Cutter stores. Tests set it. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** ISO 8601 in UTC with milliseconds: the only form of a time in Cutter's JSON. */
export function timestamp(clock: Clock): string {
  return clock.now().toISOString()
}
