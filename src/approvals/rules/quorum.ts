import { isSameName } from '../../domain/person-names.ts'
import { type ApprovalCase, type Counted, listCaseOperators } from '../approval-case.ts'
import { countPeople } from '../count-people.ts'
import { listPrincipals } from '../openssh/allowed-signers.ts'
import { type Refusal, refusalOf } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { namespaceOf } from '../statement.ts'
import { readSignersText } from '../trust-files.ts'

/** N of M: finds whether too few people approve a live run. One person is enough to reject or to void a run. */
export async function findQuorumRefusal(subject: ApprovalCase, counted: Counted[]): Promise<Refusal | null> {
  const { run, approval, policy } = subject
  const need = policy.need ?? 1
  if (run.mode !== 'live' || approval.statement.decision !== 'approve') return null
  const count = countPeople(counted, findSamePeople(await readSignersText(subject.trust), counted))
  if (count >= need) return null

  const signed = counted.map(({ principal }) => principal)
  const others = await listFurtherApprovers(subject, signed)
  const further = others.length === 0 ? 'nobody else is listed for this gate' : `${others.join(', ')} may too`
  return refusalOf('NOT_ENOUGH_APPROVERS', approval, {
    detail:
      `${run.machine}.${run.gate} needs ${need} people with keys of their own, and so far there ` +
      `${count === 1 ? 'is' : 'are'} ${count}: ${signed.join(', ')} signed; ${further}`,
    next: `have another sign: cutter approval sign ${run.runId} --as <principal> --key <file>`,
  })
}

/** Lists by name who else may approve: the policy's list, or everyone in allowed_signers for this gate, without patterns and operators. */
async function listFurtherApprovers(subject: ApprovalCase, signed: string[]): Promise<string[]> {
  const { run, policy, trust } = subject
  const names =
    policy.of ?? listPrincipals(await readSignersText(trust), namespaceOf(run.machine, run.gate ?? ''))
  const operators = policy.fourEyes === false ? [] : listCaseOperators(subject)
  const excluded = [...signed, ...operators]
  return [...new Set(names)].filter((name) => !excluded.some((other) => isSameName(other, name)))
}
