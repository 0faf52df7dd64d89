import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Status } from '../../domain/history-entry.ts'
import { type HoldInForce, holdOver } from '../../domain/hold.ts'
import { definedOnly } from '../defined.ts'
import { type RunAnswer, runAnswer } from './run-answer.ts'

export interface ListRunsInput {
  status?: Status | undefined
  /** The name of a machine. */
  machine?: string | undefined
  /** The number of runs at most. */
  limit: number
}

export interface ListedRuns {
  /** Newest first. */
  runs: RunAnswer[]
  /** The hold that is on, or null. */
  hold: HoldInForce | null
  /** One sentence for each run that can't be trusted, which is left out of `runs`. */
  warnings: string[]
}

/**
 * Lists runs. `runs` is what `--json` prints.
 * @throws USAGE when the limit is not an integer from 1
 */
export async function listRuns({ store }: Home, given: ListRunsInput): Promise<ListedRuns> {
  const { limit, status, machine } = given
  if (!Number.isInteger(limit) || limit < 1)
    throw new CutterError(
      'USAGE',
      `--limit ${limit} is not a valid number of runs: it must be an integer from 1`,
    )
  const warnings: string[] = []
  const runs = await store.list({
    limit,
    onTampered: ({ message }) => void warnings.push(message),
    ...definedOnly({ status, machine }),
  })
  const hold = await store.hold()
  return { runs: runs.map((run) => runAnswer(run, holdOver(hold, run.runId))), hold, warnings }
}
