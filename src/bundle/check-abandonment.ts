import { ABANDON_GATE } from '../domain/approval.ts'
import {
  digestOfUnsettled,
  findAbandonment,
  KNOWN_OF_WRITE,
  listUnsettledWrites,
  type UnsettledWrite,
} from '../domain/begun-writes.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import { canonicalJson } from '../domain/json.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import type { RunRecord } from './run-record.ts'

/**
 * The unsettled writes of an abandoned run must be the same in `run.json`, in the closing entry and in the list that was signed, and they must
 * follow from the history. A bundle of another run is not judged here, because earlier formats have room for a list.
 */
export function findAbandonmentFault(record: RunRecord): BundleFault | null {
  const { history, evidence, run } = record
  const abandoned = findAbandonment(history)
  if (abandoned === null) return null
  const { entry, unsettledWrites } = abandoned
  if (entry.seq !== run.seq || entry.status !== 'closed' || run.outcome !== 'abandoned')
    return bundleFault(
      'RUN_DIFFERS',
      'history.jsonl',
      `entry ${entry.seq} abandons the run, but is not its end`,
    )
  if (canonicalJson(record.unsettledWrites) !== canonicalJson(unsettledWrites))
    return bundleFault('RUN_DIFFERS', 'run.json', 'run.json has other unsettled writes than the history')
  const list = evidence.find((row) => row.seq === entry.seq && row.name === `plan/${ABANDON_GATE}`)
  if (list?.digest !== digestOfUnsettled(unsettledWrites))
    return bundleFault(
      'PLAN_DIFFERS',
      'history.jsonl',
      `the list of unsettled writes that was signed is not that of entry ${entry.seq}`,
    )
  const before = history.slice(0, entry.seq - 1)
  const due = listUnsettledWrites(record.genesis.mode, before, [])
  const extra = unsettledWrites.slice(due.length)
  const follows = canonicalJson(unsettledWrites.slice(0, due.length)) === canonicalJson(due)
  if (follows && extra.every((write) => mayBeInFlight(record, before, write))) return null
  const why = `the unsettled writes of entry ${entry.seq} do not follow from the history`
  return bundleFault('RUN_DIFFERS', 'history.jsonl', why)
}

/** What was in flight is named by no entry. Only a live run that has used an approval and works has such a write. */
function mayBeInFlight(
  { genesis }: RunRecord,
  before: HistoryEntry[],
  { seq, startedAt, known }: UnsettledWrite,
): boolean {
  const hasApproval = before.some((entry) => entryMarks(entry).approvalUsed !== undefined)
  const isWorking = before.at(-1)?.status === 'working'
  const asked = before[seq - 1]
  const fits = known === KNOWN_OF_WRITE.inFlight && asked?.at === startedAt
  return genesis.mode === 'live' && hasApproval && isWorking && fits
}
