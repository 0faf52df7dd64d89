import type { Home } from '../../app/open-home.ts'
import { type Explanation, explain } from '../../engine/explain.ts'
import { findRunId } from './find-run.ts'

export type { Explanation }

export interface ExplainInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** Answers as the run last saw the world, and asks no target and no host. */
  offline?: boolean | undefined
}

/**
 * Explains what a run waits for, who could give it, what would happen then, and what would refuse it. Changes nothing. The
 * explanation is what `--json` prints.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 */
export async function explainRun(home: Home, { run, offline = false }: ExplainInput): Promise<Explanation> {
  const runId = await findRunId(home, run)
  return explain((await home.app()).deps, runId, { isAsked: !offline })
}
