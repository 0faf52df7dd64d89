import { countPeople, isSameName } from '../count-people.ts'
import { listPrincipals } from '../openssh/allowed-signers.ts'
import type { ApprovalCase, Counted, Refusal } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { namespaceOf } from '../statement.ts'
import { readSignersText } from '../trust-files.ts'
import { listCaseOperators } from './binding.ts'

/** N of M, for going on in a live run only: one person is enough to reject or void. */
export async function findQuorumRefusal(input: ApprovalCase, counted: Counted[]): Promise<Refusal | null> {
  const { run, approval, policy } = input
  const need = policy.need ?? 1
  if (run.mode !== 'live' || approval.statement.decision !== 'approve') return null
  const count = countPeople(counted, findSamePeople(await readSignersText(input.trust)))
  if (count >= need) return null

  const signed = counted.map(({ principal }) => principal)
  const others = await whoElseMay(input, signed)
  const whom = others.length === 0 ? 'nobody else is listed for this gate' : `${others.join(', ')} may too`
  return {
    reason: 'NOT_ENOUGH_APPROVERS',
    message:
      `approval ${approval.approvalId} is good, but ${run.machine}.${run.gate} needs ${need} people with keys ` +
      `of their own, and so far there ${count === 1 ? 'is' : 'are'} ${count}: ${signed.join(', ')} signed; ${whom}`,
    next: `have another sign: cutter approval sign ${run.runId} --as <principal> --key <file>`,
  }
}

/** By name: those of the policy, else all whom the file lists for this gate, without patterns and without operators. */
async function whoElseMay(input: ApprovalCase, signed: string[]): Promise<string[]> {
  const { run, policy, trust } = input
  const listed = async () =>
    listPrincipals(await readSignersText(trust), namespaceOf(run.machine, run.gate ?? ''))
  const names = policy.of ?? (await listed())
  const excluded = [...signed, ...(policy.fourEyes === false ? [] : listCaseOperators(input))]
  return [...new Set(names)].filter((name) => !excluded.some((other) => isSameName(other, name)))
}
