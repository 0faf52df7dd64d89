import type { Home } from '../../app/open-home.ts'
import { findReportsFolder } from '../../app/run-reports.ts'
import { type UnsettledWrite, unsettledOf } from '../../domain/begun-writes.ts'
import {
  type Approver,
  type GateDecision,
  listGateDecisions,
  readReasons,
  reasonOf,
} from '../../domain/decisions.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import type { Through } from '../../domain/history-facts.ts'
import { findGateExpiry } from '../../engine/gate-expiry.ts'
import { findRun } from './find-run.ts'
import { readReadyApproval } from './ready-approval.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'

export interface ShownRun extends RunAnswer {
  /** The user that the operating system names. */
  osUser: string
  /** Who vouches for the label of the operator: cutter.yaml, the token of a caller of the service, or the operator. */
  operatorDeclared: 'self' | 'config' | 'token'
  /** How the call came in that started the run, where that says who it was. */
  startedThrough: Through | null
  /** Only of a closed run. */
  closeout?: 'signed' | 'unsigned'
  /** When the gate at which the run waits expires by a timer of the chart, ISO 8601. Null without such a timer. */
  gateExpiresAt: string | null
  /** An approval with which the run would pass its gate now; null without one. */
  readyApproval: string | null
  /** Writes that were begun and of which nobody knows whether they were committed. */
  unsettledWrites: UnsettledWrite[]
  /** The decisions that moved the run, oldest first. */
  decisions: (Omit<GateDecision, 'approvers'> & { approvers: (Approver & { reason: string })[] })[]
}

/**
 * Shows the state of a run. `run` is what `--json` prints; `reports` is the folder of its reports, relative to the home, or null.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 */
export async function showRun(
  home: Home,
  { run: text }: { run: string },
): Promise<{ run: ShownRun; reports: string | null }> {
  const run = await findRun(home, text)
  const answer = await answerOfRun(home, run)
  const history = await home.store.history(run.runId)
  const [started] = history
  const given = started?.event.operatorDeclared
  const through = started?.event.through
  const declared = given === 'config' || given === 'token' ? given : 'self'
  const isSigned = (await home.store.closeoutSignatures(run.runId)).length > 0
  return {
    run: {
      ...answer,
      osUser: run.osUser,
      operatorDeclared: declared,
      startedThrough: through === 'mcp' || through === 'page' ? through : null,
      gateExpiresAt: await findGateExpiry(home.store, run),
      readyApproval: await readReadyApproval(home, run),
      unsettledWrites: unsettledOf(run, history, await home.store.effects(run.runId)),
      decisions: await decisionsOf(home, run.runId, history),
      ...(run.status === 'closed' ? { closeout: isSigned ? 'signed' : 'unsigned' } : {}),
    },
    reports: findReportsFolder(home.folder, run.runId),
  }
}

/** The decisions that moved a run, with the reasons that their statements give. */
async function decisionsOf(
  { store }: Home,
  runId: string,
  history: HistoryEntry[],
): Promise<ShownRun['decisions']> {
  const decisions = listGateDecisions(history)
  if (decisions.length === 0) return []
  const reasons = readReasons(await store.approvals(runId))
  return decisions.map((decision) => ({
    ...decision,
    approvers: decision.approvers.map((one) => ({ ...one, reason: reasonOf(reasons, one.approvalId) })),
  }))
}
