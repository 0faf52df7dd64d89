import type { Problem } from '../../document/diagnostics/problem.ts'
import { ACCEPTABLE_CODES } from '../../document/diagnostics/severity.ts'
import type { Scan } from '../../document/scan.ts'
import { CutterError } from '../../domain/errors.ts'

// `--accept CODE,CODE`: problems that only a person can judge. The plan lists the accepted problems and their places, so that the
// approver sees them. Their messages are part of the plan digest of open runs, so they must not change. A plan without accepted problems is the same as without the flag.

/** A problem that was accepted, as the plan lists it. */
export type AcceptedProblem = Pick<Problem, 'code' | 'message' | 'line' | 'start'>

/** Parses the flag's value into codes, each once and sorted. */
export function parseAcceptedCodes(accept: string | undefined): string[] {
  const codes = (accept ?? '').split(/[,\s]+/).filter((code) => code !== '')
  return [...new Set(codes)].sort()
}

/**
 * Returns the flag's value in one form, independent of its order.
 *
 * @throws INPUT_REFUSED when a code cannot be accepted.
 */
export function assertAcceptableCodes(accept: string): string {
  const codes = parseAcceptedCodes(accept)
  const refused = codes.filter((code) => !ACCEPTABLE_CODES.includes(code))
  if (refused.length === 0) return codes.join(',')
  throw new CutterError('INPUT_REFUSED', `${refused.join(', ')} cannot be accepted; nothing was changed`, {
    next: `--accept allows these codes: ${ACCEPTABLE_CODES.join(', ')}; the other problems are notes, or have to be fixed in the source`,
  })
}

/** Lists the problems of a scan that were accepted, in the order of the text. */
export function findAcceptedProblems(
  { problems }: Pick<Scan, 'problems'>,
  accept: string | undefined,
): AcceptedProblem[] {
  const codes = parseAcceptedCodes(accept)
  return problems
    .filter(({ code, severity }) => severity === 'needs-accept' && codes.includes(code))
    .map(({ code, message, line, start }) => ({ code, message, line, start }))
}
