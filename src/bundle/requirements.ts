import type { Mode, Outcome } from '../domain/run.ts'
import { nameInLine } from '../domain/visible.ts'
import { GATES_UNKNOWN, gatesApproved } from './check-gates.ts'
import type { CheckedApproval } from './checked-approval.ts'
import { type SignedRange, trustedUpTo } from './signed-ranges.ts'

/** What a checker demands in addition to a bundle that holds. */
export interface Requirements {
  /** Gates that an approval that counted must have passed. */
  gates: string[]
  /** Whether somebody in the checker's file of signers must vouch for each approval and for each entry of a live run. */
  trusted: boolean
  /** The only web origins whose pages may have asked for approvals; null when the recorded policy alone judges them. */
  origins: string[] | null
}

/** Lists what is unmet, as sentences. */
export function listUnmet(
  { gates, trusted, origins }: Requirements,
  {
    mode,
    outcome,
    entries,
    approvals,
    ranges,
  }: {
    mode: Mode
    outcome: Outcome | typeof GATES_UNKNOWN | null
    entries: number
    approvals: CheckedApproval[]
    ranges: SignedRange[]
  },
): string[] {
  // A rehearsal approval is a label that nobody signed, so it meets no requirement.
  const passed = gatesApproved(approvals.filter(({ kind }) => kind === 'signed'))
  const rehearsed = gatesApproved(approvals)
  const unmet = gates
    .filter((gate) => !passed.includes(gate))
    .map((gate) =>
      rehearsed.includes(gate)
        ? `gate ${nameInLine(gate)} was passed by a rehearsal approval only, which nobody signed`
        : `gate ${nameInLine(gate)} was not passed by an approval that counted`,
    )
  for (const { gate, approver, counted, origin } of approvals)
    if (counted && origin !== null && origins?.includes(origin) === false)
      unmet.push(
        `gate ${nameInLine(gate)} was approved by ${nameInLine(approver)} on a page of ${nameInLine(origin)}, which --origins does not list`,
      )
  if (!trusted) return unmet
  if (mode !== 'live')
    return [...unmet, 'nobody vouches for the approvals of a dry run, which are not signed']
  // Whoever names the gates says what the definition requires.
  const isUnknown = outcome === GATES_UNKNOWN && gates.length === 0
  const gatesUnknown = isUnknown
    ? ['nobody knows which gates the definition of the run requires; name them with --require']
    : []
  const unknown = approvals
    .filter((approval) => approval.counted && !approval.trusted)
    .map(
      ({ gate, approver }) =>
        `nobody whom you trust vouches for the approval of gate ${nameInLine(gate)} by ${nameInLine(approver)}`,
    )
  const from = trustedUpTo(ranges) + 1
  const uncovered = from > entries ? [] : [`nobody whom you trust vouches for entries ${from}–${entries}`]
  return [...unmet, ...gatesUnknown, ...unknown, ...uncovered]
}
