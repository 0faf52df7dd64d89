import { ABANDON_GATE } from '../domain/approval.ts'
import {
  digestOfAbandoned,
  findAbandonment,
  KNOWN_OF_WRITE,
  listUnsettledWrites,
  listWritesInFlight,
  type UnsettledWrite,
} from '../domain/begun-writes.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks, listNamedEvidence } from '../domain/history-facts.ts'
import { canonicalJson } from '../domain/json.ts'
import { isLost } from '../domain/lost-evidence.ts'
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
  const { entry, unsettledWrites, lostEvidence } = abandoned
  if (entry.seq !== run.seq || entry.status !== 'closed' || run.outcome !== 'abandoned')
    return bundleFault(
      'RUN_DIFFERS',
      'history.jsonl',
      `entry ${entry.seq} abandons the run, but is not its end`,
    )
  if (canonicalJson(record.unsettledWrites) !== canonicalJson(unsettledWrites))
    return bundleFault('RUN_DIFFERS', 'run.json', 'run.json has other unsettled writes than the history')
  const list = evidence.find((row) => row.seq === entry.seq && row.name === `plan/${ABANDON_GATE}`)
  if (list?.digest !== digestOfAbandoned(abandoned))
    return bundleFault(
      'PLAN_DIFFERS',
      'history.jsonl',
      `the list of unsettled writes that was signed is not that of entry ${entry.seq}`,
    )
  const before = history.slice(0, entry.seq - 1)
  const named = listNamedEvidence(before).filter((one) => isLost(lostEvidence, one))
  if (canonicalJson(named) !== canonicalJson(lostEvidence))
    return bundleFault(
      'RUN_DIFFERS',
      'history.jsonl',
      `entry ${entry.seq} lists lost evidence that no entry names`,
    )
  if (followsFrom(record, before, unsettledWrites)) return null
  const why = `the unsettled writes of entry ${entry.seq} do not follow from the history`
  return bundleFault('RUN_DIFFERS', 'history.jsonl', why)
}

/** First the writes that failed, then those in flight. Only a live run that works has some in flight. */
function followsFrom({ genesis }: RunRecord, before: HistoryEntry[], listed: UnsettledWrite[]): boolean {
  const failed = listUnsettledWrites(genesis.mode, before, [])
  if (canonicalJson(listed.slice(0, failed.length)) !== canonicalJson(failed)) return false
  const rest = listed.slice(failed.length)
  if (rest.length > 0 && (genesis.mode !== 'live' || before.at(-1)?.status !== 'working')) return false
  const due = genesis.mode === 'live' ? listWritesInFlight(before) : []
  const isDue = ({ phase, seq }: UnsettledWrite) =>
    due.some((write) => write.effect === phase && write.seq === seq)
  const named = rest.filter(isDue)
  return (
    new Set(rest.map(({ phase }) => phase)).size === rest.length &&
    named.length === due.length &&
    rest.every((write) => isInFlight(before, write) && (isDue(write) || mayHaveAsked(before, write)))
  )
}

const isInFlight = (before: HistoryEntry[], { seq, startedAt, known }: UnsettledWrite) =>
  known === KNOWN_OF_WRITE.inFlight && before[seq - 1]?.at === startedAt

/** Entries of earlier versions do not say which effects they asked for. What they left in flight is taken from the list. */
const mayHaveAsked = (before: HistoryEntry[], { seq }: UnsettledWrite) =>
  entryMarks(before[seq - 1]!).effectsAsked === undefined
