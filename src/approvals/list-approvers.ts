import { readFile } from 'node:fs/promises'
import { isSameName } from '../domain/person-names.ts'
import type { ApprovalPolicy } from './approval-policy.ts'
import { countPeople } from './count-people.ts'
import { computeFingerprint, parseAllowedSigners, type SignerLine } from './openssh/allowed-signers.ts'
import { isPattern, matchesList } from './openssh/openssh-patterns.ts'
import { findRevokedKeys } from './openssh/revoked-keys.ts'
import { findSamePeople, isAuthority } from './same-person.ts'
import type { Trust } from './trust-files.ts'

/** A person who is listed for a gate. The list helps people to find an approver. It admits nobody: OpenSSH verifies each signature. */
export interface Approver {
  principal: string
  keys: { type: string; fingerprint: string }[]
  may: boolean
  /** The reason for `may`. */
  why: string
}

/** The gate, the time and the rules by which people are judged. */
export interface ApproverQuestion {
  allowedSigners: string
  /** The gate by its name in signatures, e.g. `cutter.cut.SG1`. */
  namespace: string
  live: boolean
  at: Date
  policy: Pick<ApprovalPolicy, 'of' | 'presence' | 'verification'> & { fourEyes: boolean }
  /** Names of everyone who started or moved the run. */
  operators: string[]
  /** Keys, as `type blob`, that are revoked. */
  revoked: Set<string>
}

/**
 * Lists who may approve at a gate by the files as they are now. `people` counts those who may, each person
 * once. `readable` is false when allowed_signers cannot be read; then nobody's
 * signature counts.
 */
export async function listApprovers(
  trust: Trust,
  question: Omit<ApproverQuestion, 'allowedSigners' | 'revoked'>,
): Promise<{ approvers: Approver[]; people: number; readable: boolean }> {
  const file = await readFile(trust.allowedSigners, 'utf8').catch(() => null)
  const allowedSigners = file ?? ''
  const keys = parseAllowedSigners(allowedSigners).map(publicKey)
  const revoked =
    trust.revokedKeys === undefined
      ? new Set<string>()
      : await findRevokedKeys(keys, trust.revokedKeys, trust.tools)
  const approvers = judgeApprovers({ ...question, allowedSigners, revoked })
  return { approvers, people: countWhoMay(approvers, allowedSigners), readable: file !== null }
}

function countWhoMay(approvers: Approver[], allowedSigners: string): number {
  const names = approvers.filter(({ may }) => may).map(({ principal }) => principal)
  const signers = names.map((principal) => ({ principal, fingerprint: principal }))
  return countPeople(signers, findSamePeople(allowedSigners))
}

/** Judges everyone whom allowed_signers or the policy names, in their order. */
function judgeApprovers(question: ApproverQuestion): Approver[] {
  const lines = parseAllowedSigners(question.allowedSigners)
  const listed = lines.flatMap(({ principals }) => principals).filter((name) => !name.startsWith('!'))
  const names = [...new Set([...listed, ...(question.policy.of ?? [])])]
  return names.map((name) => judgeApprover(name, lines, question))
}

function judgeApprover(name: string, lines: SignerLine[], question: ApproverQuestion): Approver {
  const own = lines.filter(({ principals }) =>
    isPattern(name) ? principals.includes(name) : matchesList(principals, name),
  )
  const faults = own.map((line) => findLineFault(name, line, question))
  const why =
    findNameFault(name, question) ??
    (own.length === 0 ? 'no line of allowed_signers lists a key for this name' : null) ??
    (faults.includes(null) ? null : [...new Set(faults)].join('; ')) ??
    findKeysFault(
      own.filter((_, index) => faults[index] === null),
      lines,
      question,
    )
  const keys = own.map(({ key }) => ({ type: key.split(' ')[0]!, fingerprint: computeFingerprint(key) }))
  return { principal: name, keys, may: why === null, why: why ?? 'listed, with a key that counts now' }
}

function findNameFault(
  name: string,
  { policy, live, operators, namespace }: ApproverQuestion,
): string | null {
  if (policy.of !== undefined && !policy.of.includes(name))
    return `the policy of ${namespace.replace(/^cutter\./, '')} names ${policy.of.join(', ')} only`
  if (live && isPattern(name)) return 'a pattern, and a live run must know who signed'
  if (live && policy.fourEyes && operators.some((operator) => isSameName(operator, name)))
    return 'operates this run, which needs the approval of another person'
  return null
}

function findLineFault(
  name: string,
  line: SignerLine,
  { namespace, live, at, revoked, policy }: ApproverQuestion,
): string | null {
  const fingerprint = computeFingerprint(line.key)
  const namespaces = findOption(line, 'namespaces')
  if (namespaces !== null && !matchesList(namespaces.split(','), namespace))
    return `${fingerprint} may sign for ${namespaces} only`
  const [after, before] = [findOption(line, 'valid-after'), findOption(line, 'valid-before')]
  if (after !== null && !(at.getTime() >= readSignerTime(after)))
    return `${fingerprint} is valid only after ${after} UTC`
  if (before !== null && !(at.getTime() <= readSignerTime(before)))
    return `${fingerprint} was valid only before ${before} UTC`
  const wanted =
    policy.presence === 'required' ? 'presence' : policy.verification === 'required' ? 'verification' : null
  if (wanted !== null && !isAuthority(line) && !line.key.startsWith('sk-'))
    return `${fingerprint} is not a security key, and the policy requires ${wanted}`
  if (revoked.has(publicKey(line)))
    return `${fingerprint} is revoked, or the file of revoked keys can't be read`
  if (live && !isPattern(name) && !line.principals.includes(name))
    return 'listed by a pattern only, and a live run must know who signed'
  return null
}

/** Finds that all keys belong to an operator: a second name for the operator's key is still the operator. */
function findKeysFault(
  own: SignerLine[],
  lines: SignerLine[],
  { live, policy, operators }: ApproverQuestion,
): string | null {
  if (!live || !policy.fourEyes) return null
  const theirs = lines.filter(({ principals }) => operators.some((name) => matchesList(principals, name)))
  const shared = own.filter((line) =>
    theirs.some(
      (other) => publicKey(other) === publicKey(line) && !(isAuthority(line) && isAuthority(other)),
    ),
  )
  if (shared.length < own.length) return null
  return `${shared.map(({ key }) => computeFingerprint(key)).join(', ')} is also listed for an operator of this run`
}

const publicKey = ({ key }: SignerLine) => key.trim().split(/\s+/).slice(0, 2).join(' ')

/** Finds the value of a key's option, without quotes. Null when the option is not given. */
export function findOption({ options }: SignerLine, name: string): string | null {
  const found = options.find((one) => one.toLowerCase().startsWith(`${name}=`))
  return found === undefined ? null : found.slice(name.length + 1).replace(/^"|"$/g, '')
}

/** Parses YYYYMMDD[HHMM[SS]][Z] as UTC, to milliseconds. NaN for any other form, so that no time is after or before it. */
export function readSignerTime(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(text)
  if (parts === null) return Number.NaN
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return Date.UTC(year!, month! - 1, day, hour, minute, second)
}
