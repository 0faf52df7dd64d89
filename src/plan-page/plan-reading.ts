import type { Json } from '../domain/json.ts'
import type { Stretch } from '../domain/plan-difference.ts'

/** The second text as an edit of the first, word by word. */
export type Differing = (before: string, after: string) => Stretch[]

/** A plan with what its page shows. A plan names texts by their hashes, and people want to read them. */
export interface PlanReading {
  runId: string
  machine: string
  version: string
  gate: string | null
  planDigest: string
  plan: Json
  /** The plan of the cut, where the plan itself is the one that puts it into force. */
  cut: Json
  /** The bytes of the pinned source; null when they are not available. */
  source: Uint8Array | null
  /** Texts that the target held when the run began, by `sha256:<hex>`. */
  texts: ReadonlyMap<string, string>
  /** The files of a migration bundle, by name; left out where there is none. */
  files?: { [name: string]: string } | undefined
  /** What a rehearsal measured of each statement of a migration; null or left out where none was measured. */
  measured?: Json
  differing: Differing
  /** The page of units to list one by one. With null all units are listed where they are few, else groups of them. */
  page: number | null
  pageSize: number
}
