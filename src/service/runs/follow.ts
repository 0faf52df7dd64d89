import { setTimeout as sleep } from 'node:timers/promises'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { joinSignals } from '../../domain/join-signals.ts'
import { isInScope } from '../access/scope.ts'
import { findRunId } from './find-run.ts'

/** An entry with the run that it is of. */
export interface FollowedEntry {
  runId: string
  entry: HistoryEntry
}

/** Entries as they are saved. Null where nothing was saved for a while. */
export type Followed = AsyncGenerator<FollowedEntry | null, void>

export interface FollowRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `seq` of the last entry that the caller has; 0 for none. */
  after: number
}

/** The entry that a caller has last. */
export interface EntryName {
  runId: string
  seq: number
}

/** How long nothing is yielded where nothing is saved, in milliseconds. */
const QUIET_MS = 1_000
/** What is saved within this time is read together, in milliseconds. */
const TOGETHER_MS = 50
/** Entries of all runs that are read at a time. */
const PAGE = 100

/**
 * Follows the history of a run: first the entries that the caller lacks, then each one as it is saved, by whichever process. The history
 * is the buffer, so a caller may continue from any entry at any time. Yields null where nothing was saved for a while. Ends with the last
 * entry of a closed run, when `signal` aborts, or when the home is interrupted.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 */
export async function followRun(
  home: Home,
  { run, after }: FollowRunInput,
  signal: AbortSignal,
): Promise<{ runId: string; entries: Followed }> {
  const runId = await findRunId(home, run)
  return { runId, entries: untilEnd(home, signal, (end) => entriesOfRun(home, { runId, seq: after }, end)) }
}

/**
 * Follows all runs that the caller's token reaches, from the entry on that the caller has last. With null it begins with what is saved from
 * now on. It ends when `signal` aborts, or when the home is interrupted.
 * @throws USAGE when there is no such entry
 */
export async function followRuns(
  home: Home,
  after: EntryName | 'start' | null,
  signal: AbortSignal,
): Promise<Followed> {
  const place = await placeFrom(home, after)
  return untilEnd(home, signal, (end) => entriesOfRuns(home, place, end))
}

async function* untilEnd(
  { interrupt }: Home,
  signal: AbortSignal,
  follow: (end: AbortSignal) => Followed,
): Followed {
  const { signal: end, release } = joinSignals([signal, interrupt])
  try {
    yield* follow(end)
  } finally {
    release()
  }
}

async function* entriesOfRun(home: Home, { runId, seq }: EntryName, end: AbortSignal): Followed {
  const { store } = home
  let last = seq
  while (!end.aborted) {
    const seen = home.changes().count()
    const run = await store.run(runId)
    if (run === null) return
    if (run.seq > last) {
      for (const entry of (await store.history(runId)).filter(({ seq }) => seq > last)) {
        last = entry.seq
        yield { runId, entry }
      }
    } else yield null
    if (run.status === 'closed' && run.seq <= last) return
    await untilChanged(home, seen, end)
  }
}

async function placeFrom({ store, caller }: Home, after: EntryName | 'start' | null): Promise<number> {
  if (after === 'start') return 0
  if (after === null) return store.newestPlace()
  const run = await store.run(after.runId)
  const place =
    run === null || !isInScope({ caller }, run) ? null : await store.placeOf(after.runId, after.seq)
  if (place !== null) return place
  throw new CutterError('USAGE', 'the id of the last event is not that of an entry here; nothing was read', {
    next: 'leave it out to begin with what is saved from now on, and list the runs again',
  })
}

async function* entriesOfRuns(home: Home, from: number, end: AbortSignal): Followed {
  const { store } = home
  let place = from
  while (!end.aborted) {
    const seen = home.changes().count()
    const page = await readPage(store, place, seen)
    for (const { place: of, runId, machine, entry } of page) {
      place = of
      if (isInScope(home, { runId, machine })) yield { runId, entry }
    }
    if (page.length === PAGE) continue
    yield null
    // Places are given again once the newest entries were pruned.
    if (page.length === 0) place = Math.min(place, await store.newestPlace())
    await untilChanged(home, seen, end)
  }
}

/** How long a page is shared, in milliseconds. It is shorter than what a follower waits until it reads again, whatever is known of changes. */
const SHARED_MS = QUIET_MS / 2

type Page = ReturnType<Home['store']['entriesAfter']>

/** The pages that were read since the store was last seen to change. */
const shared = new WeakMap<Home['store'], Shared>()

interface Shared {
  seen: number
  /** When the first of them was read, as of `Date.now()`. */
  at: number
  /** By the place after which they begin. */
  pages: Map<number, Page>
}

/**
 * Reads the entries after a place. Those who follow all runs are mostly at the same place, so one reading is for all of them: whoever shares it
 * has seen no change that it lacks, and is woken by the next one.
 */
function readPage(store: Home['store'], place: number, seen: number): Page {
  const kept = shared.get(store)
  const isCurrent = kept !== undefined && kept.seen === seen && Date.now() - kept.at <= SHARED_MS
  const { pages } = isCurrent ? kept : startSharing(store, seen)
  const page = pages.get(place) ?? store.entriesAfter(place, PAGE)
  pages.set(place, page)
  return page
}

function startSharing(store: Home['store'], seen: number): Shared {
  const fresh: Shared = { seen, at: Date.now(), pages: new Map() }
  shared.set(store, fresh)
  return fresh
}

async function untilChanged(home: Home, seen: number, end: AbortSignal): Promise<void> {
  await sleep(TOGETHER_MS, undefined, { signal: end }).catch(() => {})
  await home.changes().after(seen, QUIET_MS, end)
}
