/** Where time comes from. Tests set it; nothing else in Cutter reads a clock for what it stores. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** ISO 8601 in UTC with milliseconds, the only form of a time in our JSON. */
export function timestamp(clock: Clock): string {
  return clock.now().toISOString()
}
