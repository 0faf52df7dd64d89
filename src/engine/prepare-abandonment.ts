import { ABANDON_GATE } from '../domain/approval.ts'
import { type Abandoned, digestOfAbandoned, listUnsettledWrites } from '../domain/begun-writes.ts'
import { findLostEvidence } from '../domain/lost-evidence.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** What an approver signs who abandons a run. */
export interface Abandonment extends Abandoned {
  /**
   * The run as it is judged: it waits at a gate named `abandon`, with the list of unsettled writes as its plan. It arrived there with the newest
   * entry that is no refused approval, so that everything that the run does later voids the statement. A closed run is as it is.
   */
  run: Run
}

/** Prepares the abandonment of a run, from its record alone. Its machine is not asked. */
export async function prepareAbandonment(
  { store }: Pick<EngineDeps, 'store'>,
  run: Run,
): Promise<Abandonment> {
  if (run.status === 'closed') return { run, unsettledWrites: [], lostEvidence: [] }
  const { history, effects, evidence, contents } = (await store.storedRun(run.runId))!
  const unsettledWrites = listUnsettledWrites(run.mode, history, effects)
  const lostEvidence = findLostEvidence(history, evidence, contents)
  const arrived = history.findLast(({ event }) => !event.type.startsWith('cutter.approval'))!
  return {
    run: {
      ...run,
      status: 'paused',
      stopCode: 'STOP_APPROVAL_REQUIRED',
      stop: null,
      phase: null,
      gate: ABANDON_GATE,
      gateSeq: arrived.seq,
      gateHead: arrived.hash,
      planDigest: digestOfAbandoned({ unsettledWrites, lostEvidence }),
    },
    unsettledWrites,
    lostEvidence,
  }
}
