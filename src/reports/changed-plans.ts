import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import { type DifferentPart, shortDigests } from '../domain/plan-difference.ts'

/** A plan that replaced an earlier one at the same gate. */
export interface PlanPair {
  gate: string
  /** The entries at which the run arrived with the earlier plan and with the later one. */
  fromSeq: number
  toSeq: number
  from: string
  to: string
  /** What the last check at the gate found, in its own words; empty where nothing was recorded. */
  because: string[]
}

/** Lists each arrival at a gate with another plan than at the arrival before. */
export function listPlanPairs(history: HistoryEntry[]): PlanPair[] {
  const arrivals = history.flatMap((entry) => {
    const { arrival } = entryMarks(entry)
    return arrival == null || arrival.planDigest === null
      ? []
      : [{ gate: arrival.gate, digest: arrival.planDigest, entry }]
  })
  return arrivals.flatMap(({ gate, digest, entry }, at) => {
    const before = arrivals.slice(0, at).findLast((one) => one.gate === gate)
    if (before === undefined || before.digest === digest) return []
    const [fromSeq, toSeq] = [before.entry.seq, entry.seq]
    return [{ gate, fromSeq, toSeq, from: before.digest, to: digest, because: foundAt(entry) }]
  })
}

/** Lines of the last check that are shown. */
const MOST = 20

/** What the check at the gate found that brought the run here again. */
function foundAt(entry: HistoryEntry): string[] {
  const { output } = entry.event as { output?: { report?: Recheck } & Recheck }
  const found = (output?.report?.recheck ?? output?.recheck)?.differences
  if (!Array.isArray(found)) return []
  const more = found.length - MOST
  return [
    ...found.slice(0, MOST).map((line) => shortDigests(String(line))),
    ...(more > 0 ? [`and ${more} more`] : []),
  ]
}

interface Recheck {
  recheck?: { differences?: Json } | null
}

/** Where plans come from, and how two of them are compared. */
export interface PlanSource {
  /** Reads evidence by its digest; null when it is lost. */
  evidence(digest: string): Promise<Uint8Array | null>
  describe(before: Json, after: Json): Promise<DifferentPart[]>
}

/** What differs between the plans of a pair, in words. Null when one of the plans is lost. */
export async function describePair(
  { from, to }: PlanPair,
  { evidence, describe }: PlanSource,
): Promise<DifferentPart[] | null> {
  const planOf = async (digest: string): Promise<Json | undefined> => {
    const bytes = await evidence(digest)
    return bytes === null ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Json)
  }
  const [before, after] = [await planOf(from), await planOf(to)]
  return before === undefined || after === undefined ? null : describe(before, after)
}
