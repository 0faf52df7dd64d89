import type { LiveRules } from './live-rules.ts'

/** A service that works on a store which hosts share, as it says of itself. */
export interface ServingHost {
  /** The id in `var/home-id`. */
  home: string
  /** The name of its host. */
  host: string
  /** The version of Cutter. */
  version: string
  /** By name. */
  machines: { [name: string]: { version: string; definitionDigest: string } }
  rules: LiveRules
  /** How far its clock is ahead of the server’s, in milliseconds. */
  clockMs: number
}

/** A service with when it was seen, by the server’s clock (ISO 8601). */
export interface SeenHost extends ServingHost {
  startedAt: string
  seenAt: string
  /** Null while it works, or where it was killed. */
  endedAt: string | null
  /** How long ago it was seen, in milliseconds. */
  seenMs: number
}

/** What the server says of itself and of the standbys that follow it. */
export interface Replication {
  synchronousCommit: string
  synchronousStandbyNames: string
  standbys: {
    name: string
    /** Null where the login may not see it. */
    state: string | null
    sync: string | null
    /** What it has not replayed yet, in milliseconds. */
    lagMs: number | null
  }[]
}
