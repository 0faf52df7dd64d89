import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { settleHint } from '../../engine/check-settled.ts'
import { findInstalled } from '../../engine/load-run.ts'
import { findOrphanedWrite } from '../../engine/way-out.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertKeyStays } from '../access/input-files.ts'
import { assertReason } from '../reason.ts'
import { findRun } from './find-run.ts'
import { makeDecision } from './make-decision.ts'
import { resumeRun } from './resume.ts'
import { answerOfClosed, type RunAnswer } from './run-answer.ts'

export interface VoidRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  reason: string
  /** The principal who voids the run, as listed in allowed_signers. A live run needs it together with `key`. */
  as?: string | undefined
  /** Path of the private key, or of the public key of one that an agent holds. */
  key?: string | undefined
  /** A statement that was signed elsewhere and imported, instead of `as` and `key`. */
  approval?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Signs a statement that voids a run at its gate, and applies it at once. A closed run is answered as it is.
 * @throws EVENT_REFUSED when the run is not at a gate
 * @throws USAGE when the reason is blank, a live run is voided without a signature, or the given approval does not void
 * @throws what `resumeRun` throws
 */
export async function voidRun(home: Home, given: VoidRunInput): Promise<RunAnswer> {
  assertRole(home, 'void runs')
  assertKeyStays(home, given.key)
  const run = await findRun(home, given.run)
  if (run.status === 'closed') return answerOfClosed(run, 'voided')
  const approval = await voidingApproval(await home.app(), run, given)
  return resumeRun(home, { run: run.runId, approval, by: given.by })
}

/** The id of the approval that voids the run: the given one, or one that is made now. */
async function voidingApproval({ deps, store }: App, run: Run, given: VoidRunInput): Promise<string> {
  const { as, key, approval } = given
  if (run.status !== 'paused') throw await notAtGateError(deps, run)
  if (approval !== undefined) return assertVoids(store, approval)
  const reason = assertReason(given.reason)
  if (run.mode === 'live' && (as === undefined || key === undefined)) throw signatureNeededError(run)
  return makeDecision(deps, run, { decision: 'void', reason }, { as, key })
}

/** Nobody who wants to void a run may approve it by a mistyped id. */
async function assertVoids(store: Home['store'], approvalId: string): Promise<string> {
  const decision = (await store.approval(approvalId))?.statement.decision ?? 'void'
  if (decision === 'void') return approvalId
  throw new CutterError('USAGE', `approval ${approvalId} says ${decision}, not void; nothing was changed`, {
    next: `to apply it nevertheless: cutter run resume --approval ${approvalId}`,
  })
}

/** A run that has begun a live write cannot be cancelled in every case. */
async function notAtGateError(deps: App['deps'], run: Run): Promise<CutterError> {
  const { runId, status, state } = run
  const write = await findOrphanedWrite(deps, run)
  const begun = write === null ? '' : `; the outcome of its write ${write} is not known`
  return new CutterError(
    'EVENT_REFUSED',
    `run ${runId} is ${status} at ${state}; only a run that waits at a gate can be voided${begun}`,
    { next: write === null ? `cutter run cancel ${runId} --reason …` : await wayToSettle(deps, run) },
  )
}

async function wayToSettle(deps: App['deps'], run: Run): Promise<string> {
  const installed = await findInstalled(deps, run)
  return settleHint(run, { isOrphaned: installed?.machine.definitionDigest !== run.definitionDigest })
}

function signatureNeededError({ runId }: Run): CutterError {
  return new CutterError(
    'USAGE',
    `run ${runId} is live: only a signed statement voids it; nothing was changed`,
    {
      next: `cutter run void ${runId} --reason … --as <principal> --key <file>, or --approval <id> for a statement that was signed elsewhere`,
    },
  )
}
