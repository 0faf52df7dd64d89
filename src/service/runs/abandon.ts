import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import type { Abandoned } from '../../domain/begun-writes.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { describeLost } from '../../domain/lost-evidence.ts'
import type { Run } from '../../domain/run.ts'
import { loadRun } from '../../engine/load-run.ts'
import { prepareAbandonment } from '../../engine/prepare-abandonment.ts'
import { findLeftOnHost, type LeftOnHost } from '../../reports/left-on-host.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertKeyStays } from '../access/input-files.ts'
import { definedOnly } from '../defined.ts'
import { assertReason } from '../reason.ts'
import { findRunId } from './find-run.ts'
import { makeDecision } from './make-decision.ts'
import { answerOfClosed, answerOfRun, type RunAnswer } from './run-answer.ts'

export interface AbandonRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** Part of the statement that is made now. Not needed with `approval`. */
  reason?: string | undefined
  /** The principal who abandons the run, as listed in allowed_signers. A live run needs it together with `key`. */
  as?: string | undefined
  /** Path of the private key, or of the public key of one that an agent holds. */
  key?: string | undefined
  /** A statement with the decision `abandon` that is kept here, instead of `as` and `key`. */
  approval?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Closes a run as abandoned, in any state, by a signed statement. Its target is not asked. A closed run is answered as it is.
 * @throws APPROVAL_REQUIRED when a live run is abandoned without a signature; the error lists its unsettled writes
 * @throws USAGE when a statement is to be made now and the reason is blank
 * @throws ACCESS_REFUSED, and what `Engine.abandon` throws
 */
export async function abandonRun(home: Home, given: AbandonRunInput): Promise<RunAnswer> {
  assertRole(home, 'abandon runs')
  assertKeyStays(home, given.key)
  const { store, reports } = home
  const run = await loadRun({ store, reports }, await findRunId(home, given.run), { acceptsLost: true })
  if (run.status === 'closed') return answerOfClosed(run, 'abandoned')
  const app = await home.app()
  const approvalId = given.approval ?? (await makeApproval(app, run, given))
  const { by } = given
  const closed = await app.engine.abandon(run.runId, { approvalId, ...definedOnly({ by }) })
  const left = findLeftOnHost((await store.storedRun(run.runId))!)
  const answer = await answerOfRun(home, closed)
  return left === null ? answer : { ...answer, note: noteOfLeft(left) }
}

const noteOfLeft = ({ host, staging, target, command }: LeftOnHost) =>
  `the host ${host} was not asked, so something of the run may be at ${target} and ${staging}; ${command} takes it back`

/** Makes the statement that abandons the run now, signed, or as a rehearsal in a dry run. Returns its id. */
async function makeApproval({ deps }: App, run: Run, given: AbandonRunInput): Promise<string> {
  const { as, key, reason = '' } = given
  if (run.mode === 'live' && (as === undefined || key === undefined)) {
    throw signatureNeededError(run, await prepareAbandonment(deps, run))
  }
  return makeDecision(deps, run, { decision: 'abandon', reason: assertReason(reason) }, { as, key })
}

function signatureNeededError({ runId }: Run, { unsettledWrites, lostEvidence }: Abandoned): CutterError {
  const writes = unsettledWrites.map(({ phase, seq, known }) => `${phase} (entry ${seq}): ${known}`)
  const list =
    writes.length === 0 ? 'It leaves no write unsettled' : `It leaves unsettled: ${writes.join('; ')}`
  const lost =
    lostEvidence.length === 0
      ? ''
      : `. Its store has lost this evidence: ${lostEvidence.map(describeLost).join('; ')}`
  return new CutterError(
    'APPROVAL_REQUIRED',
    `run ${runId} is live: only a signed statement abandons it. ${list}${lost}. Nothing was changed`,
    {
      next: `cutter approval sign ${runId} --as <principal> --key <file> --decision abandon --reason "…", then: cutter run abandon ${runId} --approval <id>`,
      data: {
        runId,
        unsettledWrites: unsettledWrites as unknown as Json,
        lostEvidence: lostEvidence as unknown as Json,
      },
    },
  )
}
