import { z } from 'zod'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { WaitFilter, WaitingRun, WaitPlace } from '../store/run-filter.ts'
import type { RunStore } from '../store/run-store.ts'

/** In their order: a write that can't be taken back is a live one. */
const GROUPS = [
  { name: 'livePaused', status: 'paused', mode: 'live' },
  { name: 'dryPaused', status: 'paused', mode: 'dry-run' },
  { name: 'liveStopped', status: 'stopped', mode: 'live' },
  { name: 'dryStopped', status: 'stopped', mode: 'dry-run' },
] as const

/** How far an inbox was read, in each group of runs. */
type Places = { [group in (typeof GROUPS)[number]['name']]?: WaitPlace | undefined }

/** A page of the runs that wait for people. */
export interface ListedWaits {
  waits: Run[]
  places: Places
  isLast: boolean
}

type Scope = Pick<WaitFilter, 'machines' | 'runId'>

/**
 * Reads the longest waits that follow some places: at most `limit` at gates, live ones first, and at most `limit` of stopped runs. Runs that
 * can't be trusted are left out.
 */
export async function readWaits(
  store: Pick<RunStore, 'listWaiting'>,
  { places, limit, ...scope }: Scope & { places: Places; limit: number },
): Promise<ListedWaits> {
  const left = { paused: limit, stopped: limit }
  const page: ListedWaits = { waits: [], places: { ...places }, isLast: true }
  for (const { name, status, mode } of GROUPS) {
    const after = places[name]
    const found = await readTrusted(store, { ...scope, status, mode, ...(after && { after }) }, left[status])
    const taken = found.slice(0, left[status])
    if (found.length > taken.length) page.isLast = false
    left[status] -= taken.length
    const last = taken.at(-1)
    if (last !== undefined) page.places[name] = { since: last.since, runId: last.run.runId }
    page.waits.push(...taken.map(({ run }) => run))
  }
  return page
}

/** One more than asked for, where there is one, however many of them can't be trusted. */
async function readTrusted(
  store: Pick<RunStore, 'listWaiting'>,
  filter: Omit<WaitFilter, 'limit'>,
  asked: number,
): Promise<WaitingRun[]> {
  for (let limit = asked + 1; ; limit *= 2) {
    let left = 0
    const onTampered = () => {
      left += 1
    }
    const found = await store.listWaiting({ ...filter, limit, onTampered })
    if (found.length > asked || found.length + left < limit) return found
  }
}

const place = z.strictObject({ since: z.string(), runId: z.string() }).optional()
const cursorSchema = z.strictObject({
  livePaused: place,
  dryPaused: place,
  liveStopped: place,
  dryStopped: place,
})

export const writeCursor = (places: Places) => Buffer.from(JSON.stringify(places)).toString('base64url')

/** @throws USAGE when no inbox answered the cursor */
export function readCursor(cursor: string | undefined): Places {
  if (cursor === undefined) return {}
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new CutterError('USAGE', 'the cursor is not one that an inbox answered; nothing was listed', {
      next: 'leave it out to begin with the longest waits',
    })
  }
}
