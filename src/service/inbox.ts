import type { Home } from '../app/open-home.ts'
import type { Run } from '../domain/run.ts'
import { type Explanation, explain } from '../engine/explain.ts'
import { aboutRun } from '../reports/about-run.ts'
import { findWayBack } from './page/way-back.ts'

/** How many runs of a status are explained at most. Others are counted. */
const MAX_EXPLAINED = 100
/** How many runs of a status are counted at most. */
const MAX_COUNTED = 1_000

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
  /** The message of a stop, or the first reason for which nobody's approval would count. */
  why: string | null
  next: string | null
}

export interface Inbox {
  /** ISO 8601. */
  at: string
  /** Final gates first, then the other gates, then stopped runs; in each the longest wait first. */
  items: InboxItem[]
  /** Runs that wait for people and are not among `items`. */
  more: number
  /** Runs at work, which wait for nobody; at most 1,000. */
  working: number
}

/**
 * Lists what waits for people: runs at a gate, and runs that stopped. Changes nothing.
 * @param as only the gates at which this principal may approve and has not yet
 */
export async function readInbox(home: Home, { as }: { as?: string | undefined } = {}): Promise<Inbox> {
  const { store, deps } = await home.app()
  const { caller } = home
  const scope = {
    ...(caller?.machines == null ? {} : { machines: caller.machines }),
    ...(caller?.runId == null ? {} : { runId: caller.runId }),
  }
  const withStatus = (status: Run['status']) =>
    store.list({ ...scope, status, limit: MAX_COUNTED, onTampered: () => {} })
  const [paused, stopped, working] = [
    await withStatus('paused'),
    await withStatus('stopped'),
    await withStatus('working'),
  ]
  const oldest = (runs: Run[]) =>
    runs.sort((a, b) => a.updatedAt.localeCompare(b.updatedAt)).slice(0, MAX_EXPLAINED)
  const items: InboxItem[] = []
  for (const run of [...oldest(paused), ...oldest(stopped)]) {
    const explained = await explain(deps, run.runId).catch(() => null)
    // A run whose record does not hold is shown by its own view, which says what is wrong with it.
    if (explained !== null) items.push(await itemOf(home, run, explained))
  }
  const shown = as === undefined ? items : items.filter(({ may }) => may.includes(as))
  return {
    at: deps.clock.now().toISOString(),
    items: shown.sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since)),
    more: paused.length + stopped.length - shown.length,
    working: working.length,
  }
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
