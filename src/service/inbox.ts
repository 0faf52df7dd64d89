import type { Home } from '../app/open-home.ts'
import type { Run } from '../domain/run.ts'
import { type Explanation, explain } from '../engine/explain.ts'
import { aboutRun } from '../reports/about-run.ts'
import { type ListedWaits, readCursor, readWaits, writeCursor } from './inbox-pages.ts'
import { findWayBack } from './page/way-back.ts'
import { findReadyApproval } from './runs/ready-approval.ts'

/** How many gates, and how many stopped runs, a page has at most. */
const PAGE = 100
/** How many pages are read for a principal until one has something for that principal. */
const MOST_PAGES = 3
/** How many runs of a status are counted at most. */
const MOST_COUNTED = 1_000

/** A run that waits for people. */
interface InboxItem {
  runId: string
  machine: string
  mode: Run['mode']
  status: 'paused' | 'stopped'
  state: string
  gate: string | null
  /** What the run is about, in one line. */
  about: string
  /** Since when it waits, ISO 8601. */
  since: string
  startedBy: string
  /** Whether a yes leads to a write that Cutter knows no way back from. */
  isFinal: boolean
  /** How many people must approve; 0 for a stopped run. */
  need: number
  /** Whose approvals would count now. */
  have: string[]
  /** Who else may approve. */
  may: string[]
  /** When the first of the approvals stops counting, ISO 8601; null without one. */
  expiresAt: string | null
  /** An approval with which the run would pass its gate now; null without one. */
  readyApproval: string | null
  /** The message of a stop, or the first reason for which nobody's approval would count. */
  why: string | null
  next: string | null
}

export interface Inbox {
  /** ISO 8601. */
  at: string
  /**
   * The longest waits: of live gates, then of other gates, then of stopped runs. Final gates come first, then the other gates, then stopped runs; in
   * each the longest wait first.
   */
  items: InboxItem[]
  /** Runs that wait for people and are not among `items`, counted up to 1,000. */
  more: number
  /** Continues the inbox as `cursor`; null when nothing follows. */
  next: string | null
  /** Runs at work, which wait for nobody; at most 1,000. */
  working: number
}

/**
 * Lists what waits for people: runs at a gate, and runs that stopped. Changes nothing.
 * @param as only the gates at which this principal may approve and has not yet
 * @param cursor continues an earlier answer: its `next`
 * @throws USAGE when no inbox answered the cursor
 */
export async function readInbox(
  home: Home,
  { as, cursor }: { as?: string | undefined; cursor?: string | undefined } = {},
): Promise<Inbox> {
  const { store, deps } = await home.app()
  const scope = scopeOf(home)
  let page: ListedWaits = { waits: [], places: readCursor(cursor), isLast: false }
  const items: InboxItem[] = []
  for (let pages = 0; items.length === 0 && pages < MOST_PAGES && !page.isLast; pages += 1) {
    page = await readWaits(store, { ...scope, places: page.places, limit: PAGE })
    const explained = await explainAll(home, page.waits)
    items.push(...(as === undefined ? explained : explained.filter(({ may }) => may.includes(as))))
  }
  const count = (status: Run['status'], limit: number) => store.count({ ...scope, status, limit })
  const counted = MOST_COUNTED + items.length
  const waiting = (await count('paused', counted)) + (await count('stopped', counted))
  return {
    at: deps.clock.now().toISOString(),
    items: items.sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since)),
    more: Math.min(MOST_COUNTED, Math.max(0, waiting - items.length)),
    next: page.isLast ? null : writeCursor(page.places),
    working: await count('working', MOST_COUNTED),
  }
}

function scopeOf({ caller }: Home) {
  return {
    ...(caller?.machines == null ? {} : { machines: caller.machines }),
    ...(caller?.runId == null ? {} : { runId: caller.runId }),
  }
}

async function explainAll(home: Home, runs: Run[]): Promise<InboxItem[]> {
  const { deps } = await home.app()
  const items: InboxItem[] = []
  for (const run of runs) {
    // A run whose record does not hold is shown by its own view, which says what is wrong with it.
    const explained = await explain(deps, run.runId).catch(() => null)
    if (explained !== null) items.push(await itemOf(home, run, explained))
  }
  return items
}

const rank = ({ status, isFinal }: InboxItem) => (status === 'stopped' ? 2 : isFinal ? 0 : 1)

async function itemOf({ store }: Home, run: Run, explained: Explanation): Promise<InboxItem> {
  const { runId, machine, mode, state, gate, startedBy } = run
  const counting = explained.approvals.filter(
    ({ wouldCount, decision }) => wouldCount && decision === 'approve',
  )
  const kept = counting.length === 0 ? [] : await store.approvals(runId)
  const ends = kept
    .filter(({ approvalId }) => counting.some((one) => one.approvalId === approvalId))
    .map(({ statement }) => statement.expiresAt)
    .sort()
  const have = [...new Set(counting.map(({ approver }) => approver))]
  const [refusal] = explained.refusals
  return {
    runId,
    machine,
    mode,
    status: explained.status === 'stopped' ? 'stopped' : 'paused',
    state,
    gate,
    about: aboutRun(run),
    since: explained.waitsFor.since,
    startedBy,
    isFinal: isFinalPath(machine, mode, explained.ifApproved),
    need: explained.policy?.need ?? (gate === null ? 0 : 1),
    have,
    may: explained.approvers
      .filter(({ may, principal }) => may && !have.includes(principal))
      .map(({ principal }) => principal),
    expiresAt: ends[0] ?? null,
    readyApproval: findReadyApproval(explained),
    why: explained.stop?.message ?? refusal?.message ?? null,
    next: explained.stop?.next ?? refusal?.next ?? null,
  }
}

/** Whether a path ahead has a write of a live run without a way back. */
export function isFinalPath(machine: string, mode: Run['mode'], ahead: Explanation['ifApproved']): boolean {
  return (
    mode === 'live' &&
    ahead.some(
      ({ kind, phase }) => kind === 'write' && phase !== null && findWayBack(machine, phase) === null,
    )
  )
}
