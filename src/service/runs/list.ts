import { findLostEntries } from '../../app/find-lost-entries.ts'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { type HoldInForce, holdOver } from '../../domain/hold.ts'
import { describeLostEntries, NEXT_FOR_LOST_ENTRIES } from '../../domain/lost-entries.ts'
import type { Run } from '../../domain/run.ts'
import type { RunFilter } from '../../store/run-filter.ts'
import { isLimited } from '../access/scope.ts'
import { definedOnly } from '../defined.ts'
import { describeLostRuns } from '../store/lost-runs.ts'
import { type RunAnswer, runAnswer } from './run-answer.ts'

type Filter = Omit<RunFilter, 'limit' | 'onTampered' | 'after' | 'machines' | 'runId'>

export type ListRunsInput = { [field in keyof Filter]?: Filter[field] | undefined } & {
  /** The number of runs at most. */
  limit: number
  /** Continues a list where an earlier one ended: its `next`. */
  cursor?: string | undefined
}

export interface ListedRuns {
  /** Newest first. */
  runs: RunAnswer[]
  /** The hold that is on, or null. */
  hold: HoldInForce | null
  /** One sentence for each run that can't be trusted, which is left out of `runs`. */
  warnings: string[]
  /** The cursor for the runs that follow, or null when there are none. */
  next: string | null
}

/**
 * Lists the runs that pass every field, and that the caller's token reaches. `runs` is what `--json` prints.
 * @throws USAGE when the limit is not an integer from 1, or no list answered the cursor
 */
export async function listRuns(home: Home, given: ListRunsInput): Promise<ListedRuns> {
  const { limit, cursor, ...fields } = given
  if (!Number.isInteger(limit) || limit < 1)
    throw new CutterError(
      'USAGE',
      `--limit ${limit} is not a valid number of runs: it must be an integer from 1`,
    )
  const warnings: string[] = []
  const { store, caller } = home
  // One more than asked for tells whether others follow.
  const found = await store.list({
    limit: limit + 1,
    onTampered: ({ message }) => void warnings.push(message),
    ...definedOnly(fields),
    ...definedOnly({ machines: caller?.machines ?? undefined, runId: caller?.runId ?? undefined }),
    ...(cursor === undefined ? {} : { after: readCursor(cursor) }),
  })
  // Nobody filters for what is no run any more, and a caller with a limited token must not learn of it.
  if (cursor === undefined && !isLimited(caller)) warnings.push(...(await describeLosses(home)))
  const runs = found.slice(0, limit)
  const hold = await store.hold()
  return {
    runs: runs.map((run) => runAnswer(run, holdOver(hold, run.runId))),
    hold,
    warnings,
    next: found.length > limit ? cursorOf(runs.at(-1)!) : null,
  }
}

async function describeLosses({ folder, store }: Home): Promise<string[]> {
  const lost = await findLostEntries(folder, store)
  const entries = lost.length === 0 ? [] : [`${describeLostEntries(lost)}; ${NEXT_FOR_LOST_ENTRIES}`]
  return [...entries, ...(await describeLostRuns(store, { all: false }))]
}

const cursorOf = ({ startedAt, runId }: Run) => Buffer.from(`${startedAt} ${runId}`).toString('base64url')

function readCursor(cursor: string): { startedAt: string; runId: string } {
  const [startedAt = '', runId = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (startedAt !== '' && runId !== '') return { startedAt, runId }
  throw new CutterError('USAGE', 'the cursor is not one that a list answered; nothing was listed', {
    next: 'leave it out to begin with the newest run',
  })
}
