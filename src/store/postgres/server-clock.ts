import type { Clock } from '../../domain/clock.ts'

/** The time of the database server, by which hosts with differing clocks judge leases and expiry alike. */
export interface ServerClock extends Clock {
  /** `now`: the server’s time, in milliseconds since 1970, which was asked for at `asked` of `performance.now()`. */
  set(now: number, asked: number): void
  /** Whether it was set too long ago. */
  isStale(): boolean
}

/** Milliseconds. A host that was suspended does not count the time, so its first question sets the clock. */
const FRESH_MS = 10_000

/**
 * A clock that continues from the server’s last answer by this process’s own steady count, so a change of the host’s time changes nothing. It may be
 * late by half of the way to the server and back. Before the first answer it has the host’s time.
 */
export function createServerClock(): ServerClock {
  let ahead: number | null = null
  let hostAhead = 0
  let setAt = 0
  return {
    now: () => new Date(ahead === null ? Date.now() : performance.now() + ahead),
    set(now, asked) {
      setAt = performance.now()
      ahead = now + (setAt - asked) / 2 - setAt
      hostAhead = Date.now() - setAt
    },
    isStale() {
      const steady = performance.now()
      // The host’s time runs on while the host is suspended.
      return ahead === null || steady - setAt > FRESH_MS || Math.abs(Date.now() - steady - hostAhead) > 1_000
    },
  }
}
