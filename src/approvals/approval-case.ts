import type { Approval } from '../domain/approval.ts'
import type { Run } from '../domain/run.ts'
import type { ApprovalPolicy } from './approval-policy.ts'
import type { FilesFault } from './file-permissions.ts'
import type { Refusal } from './refusal.ts'
import type { Trust } from './trust-files.ts'

/** Everything that `judgeApproval` judges an approval by. */
export interface ApprovalCase {
  run: Run
  approval: Approval
  /** Everyone who started or resumed the run, in addition to `run.startedBy`. */
  operators: string[]
  now: Date
  trust: Trust
  policy: ApprovalPolicy
  /** All approvals of this run: a policy may need more than one, and a person may decide twice. */
  others?: Approval[]
  /** Gates of the run's machine at which a statement must name a review decision. */
  reviewGates?: string[]
  /** Finds all approvals whose statement names a review decision. */
  findApprovalsOfReview?(reviewDecisionId: string): Promise<Approval[]>
  /** Finds a file that decides in a live run and that other users could have written. */
  findFilesFault?(): FilesFault | null
  /** Whether the verdict only tells somebody what the gate would say. Nothing moves by it, so an answer of ssh-keygen that this process has may count. */
  isForecast?: boolean
}

/** The principal who signed an approval, with the key. */
export interface Vouched {
  principal: string
  fingerprint: string
  keyType: string
}

/** One of the approvals under which a run continues, with its signer. */
export interface Counted extends Vouched {
  approvalId: string
}

/** The judgement of one approval by itself. `vouched` is null for a rehearsal, which nobody signs. */
export type SignerVerdict = { refusal: Refusal } | { refusal: null; vouched: Vouched | null }

/** The judgement of an approval. `counted` names one approval for each person behind the decision; a rehearsal has none. */
export type Verdict = { refusal: Refusal } | { refusal: null; vouched: Vouched | null; counted: Counted[] }

/** Lists the names of everyone who operates the run of a case. */
export function listCaseOperators({ run, operators }: Pick<ApprovalCase, 'run' | 'operators'>): string[] {
  return [...new Set([run.startedBy, ...operators])].filter((name) => name.trim() !== '')
}
