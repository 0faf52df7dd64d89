/** A hold: no run starts or continues. It has a time (ISO 8601), a reason and the person who switched it on. */
export interface Hold {
  since: string
  reason: string
  by: string
}

/** The hold that is on, with the ids of the runs that were released since. */
export interface HoldInForce extends Hold {
  released: string[]
}

/** One row of the holds: switched on, switched off, or one run released while it is on. */
export type HoldEntry = { by: string; at: string } & (
  | { kind: 'on'; reason: string; runId: null }
  | { kind: 'off'; reason: string | null; runId: null }
  | { kind: 'release'; reason: string | null; runId: string }
)

/** Returns the hold as it binds one run, or a run that is to be started (null). Null when it does not bind it. */
export function holdOver(inForce: HoldInForce | null, runId: string | null): Hold | null {
  if (inForce === null || (runId !== null && inForce.released.includes(runId))) return null
  const { since, reason, by } = inForce
  return { since, reason, by }
}
