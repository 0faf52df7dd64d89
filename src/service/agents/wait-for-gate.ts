import { explain } from '../../engine/explain.ts'
import { findRunId } from '../runs/find-run.ts'
import { answerOfRun } from '../runs/run-answer.ts'
import { type WaitedRun, waitForRun } from '../runs/wait.ts'
import type { AgentCall } from './agent-call.ts'
import { type AgentAwaited, type RunForAgent, runForAgent } from './run-for-agent.ts'

export interface WaitForGateInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `approval`: somebody's approval would count at the gate, or the run has left it. */
  until: AgentAwaited
  /** Longest time to wait, in seconds. */
  seconds: number
}

/** How often approvals are looked for although nothing was saved: a file of approvers may have changed. In milliseconds. */
const QUIET_MS = 1_000

/**
 * Waits a limited time until a run comes to a gate, has an approval there, or closes. Changes nothing.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 */
export async function waitForGate(call: AgentCall, given: WaitForGateInput): Promise<RunForAgent> {
  const { run, until, seconds } = given
  const ms = seconds * 1_000
  const waited =
    until === 'approval'
      ? await waitForApproval(call, run, ms)
      : await waitForRun(call.home, { run, for: until === 'gate' ? 'rest' : until, ms })
  return runForAgent(call, waited.run, waited.arrived)
}

async function waitForApproval({ home }: AgentCall, text: string, ms: number): Promise<WaitedRun> {
  const runId = await findRunId(home, text)
  const { deps, store } = await home.app()
  const until = Date.now() + ms
  const first = (await store.run(runId))!
  for (;;) {
    const seen = home.changes().count()
    const run = (await store.run(runId))!
    const left = until - Date.now()
    const hasMoved = run.status !== 'paused' || run.gateSeq !== first.gateSeq
    const arrived = hasMoved
      ? run.status !== 'working'
      : (await explain(deps, runId)).approvals.some(({ wouldCount }) => wouldCount)
    if (arrived || left <= 0 || home.interrupt.aborted) return { run: await answerOfRun(home, run), arrived }
    await home.changes().after(seen, Math.min(left, QUIET_MS), home.interrupt)
  }
}
