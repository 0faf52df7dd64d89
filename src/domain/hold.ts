/** Nothing starts or goes on: since when (ISO 8601), why, and on whose word. */
export interface Hold {
  since: string
  reason: string
  by: string
}

/** The hold that is on, with the ids of the runs that were let go since it was switched on. */
export interface HoldInForce extends Hold {
  released: string[]
}

/** One row of the holds: switched on, switched off, or one run let go while it is on. */
export type HoldEntry = { by: string; at: string } & (
  | { kind: 'on'; reason: string; runId: null }
  | { kind: 'off'; reason: string | null; runId: null }
  | { kind: 'release'; reason: string | null; runId: string }
)

/** The hold as it binds one run, or a run that is yet to be made (null). */
export function holdOver(inForce: HoldInForce | null, runId: string | null): Hold | null {
  if (inForce === null || (runId !== null && inForce.released.includes(runId))) return null
  const { since, reason, by } = inForce
  return { since, reason, by }
}
