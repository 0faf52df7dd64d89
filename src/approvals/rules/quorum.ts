import type { Decision } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { type ApprovalCase, type Counted, listCaseOperators } from '../approval-case.ts'
import { countPeople } from '../count-people.ts'
import { type Approver, listApprovers } from '../list-approvers.ts'
import { type Refusal, refusalOf, signCommand } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { namespaceOf } from '../statement.ts'
import { readSignersText, type Trust } from '../trust-files.ts'
import { describeWaysOut } from './ways-out.ts'

/** N of M: finds whether too few people approve or abandon a live run. One person is enough to reject or to void a run. */
export async function findQuorumRefusal(subject: ApprovalCase, counted: Counted[]): Promise<Refusal | null> {
  const { run, approval, policy, trust } = subject
  const need = policy.need ?? 1
  if (run.mode !== 'live' || !needsQuorum(approval.statement.decision)) return null
  const signers = await readSignersText(trust)
  const people = (signed: Signed[]) => countPeople(signed, findSamePeople(signers, signed))
  const count = people(counted)
  if (count >= need) return null

  const names = counted.map(({ principal }) => principal)
  const approvers = await listCaseApprovers(subject)
  const further = approvers.filter(({ may, principal }) => may && !names.includes(principal))
  const could = people([
    ...counted,
    ...further.map(({ principal }) => ({ principal, fingerprint: principal })),
  ])
  const who = further.map(({ principal }) => principal).join(', ')
  const rest = could < need ? describeRest(approvers, names, who) : `${who} may sign as well`
  return refusalOf('NOT_ENOUGH_APPROVERS', approval, {
    detail:
      `${run.machine}.${run.gate} needs ${need} people with keys of their own, and so far there ` +
      `${count === 1 ? 'is' : 'are'} ${count}: ${names.join(', ')} signed; ${rest}`,
    next:
      could < need
        ? describeWaysOut(run, trust, true)
        : `have another sign: ${signCommand(approval.statement)}`,
  })
}

/** Whether a decision needs as many people as the policy asks for. */
export const needsQuorum = (decision: Decision) => decision === 'approve' || decision === 'abandon'

type Signed = Pick<Counted, 'principal' | 'fingerprint'>

/** Lists everyone whom the files and the policy name, without regard to those who signed. */
async function listCaseApprovers(subject: ApprovalCase): Promise<Approver[]> {
  const { run, policy, trust, now } = subject
  const { approvers } = await listApprovers(trust, {
    ...{ namespace: namespaceOf(run.machine, run.gate ?? ''), live: true, at: now },
    policy: { ...policy, fourEyes: policy.fourEyes ?? true },
    operators: listCaseOperators(subject),
  })
  return approvers
}

/** Why the people who have not signed cannot make up the number. */
function describeRest(approvers: Approver[], signed: string[], who: string): string {
  const others = approvers.filter(({ may, principal }) => !may && !signed.includes(principal))
  const why = others.map(({ principal, why }) => `${principal} (${why})`).join(', ')
  const whoElse = who === '' ? 'nobody else may' : `${who} may sign as well, which is not enough people`
  return `${whoElse}, so this policy cannot be met now${why === '' ? '' : `. Not counted: ${why}`}`
}

/** NOT_ENOUGH_APPROVERS for a gate at which fewer people may approve than its policy needs. */
export function unmeetableRefusal(
  run: Pick<Run, 'runId' | 'machine' | 'gate'>,
  trust: Pick<Trust, 'allowedSigners'>,
  { need, people }: { need: number; people: number },
): Refusal {
  return {
    reason: 'NOT_ENOUGH_APPROVERS',
    message: `${run.machine}.${run.gate} needs ${need} people, and only ${people} may approve run ${run.runId} now: this policy cannot be met`,
    next: describeWaysOut(run, trust, true),
  }
}
