import type { Statement } from '../domain/approval.ts'
import { findOption, readSignerTime } from './list-approvers.ts'
import { parseAllowedSigners } from './openssh/allowed-signers.ts'
import { matchesList } from './openssh/openssh-patterns.ts'
import { isSignedWith } from './openssh/signature-parts.ts'
import { isAuthority } from './same-person.ts'

/** When allowed_signers lets a signature of a person count, ISO 8601. Null where no limit of time is set. */
export interface SignerWindow {
  from: string | null
  until: string | null
}

/**
 * Finds the time in which the lines of allowed_signers that admit a signature are valid (`valid-after`, `valid-before`, taken as UTC): the longest
 * of them. It only describes the lines; OpenSSH verifies each signature.
 */
export function findSignerWindow(
  allowedSigners: string,
  { approver, machine, gate }: Pick<Statement, 'approver' | 'machine' | 'gate'>,
  signature: string,
): SignerWindow {
  const lines = parseAllowedSigners(allowedSigners).filter((line) => {
    const namespaces = findOption(line, 'namespaces')
    const isOfGate = namespaces === null || matchesList(namespaces.split(','), `cutter.${machine}.${gate}`)
    const isOfKey = isAuthority(line) || isSignedWith(signature, line.key)
    return isOfGate && isOfKey && matchesList(line.principals, approver)
  })
  const timesOf = (option: string) => {
    const given = lines.map((line) => findOption(line, option))
    const times = given.map((text) => (text === null ? Number.NaN : readSignerTime(text)))
    // One line without a limit is enough, and nobody knows what a time of another form means.
    return times.length === 0 || times.some(Number.isNaN) ? null : times
  }
  const [after, before] = [timesOf('valid-after'), timesOf('valid-before')]
  return {
    from: after === null ? null : new Date(Math.min(...after)).toISOString(),
    until: before === null ? null : new Date(Math.max(...before)).toISOString(),
  }
}
