import type { Problem } from '../../document/diagnostics/problem.ts'
import { ACCEPTABLE_CODES } from '../../document/diagnostics/severity.ts'
import type { Scan } from '../../document/scan.ts'
import { CutterError } from '../../domain/errors.ts'

/**
 * `--accept CODE,CODE`: problems that only a person can say are right. What was accepted, and where, stands in the plan, so that
 * who approves it sees it; a plan without accepted problems is the same as without the flag.
 */

export type AcceptedProblem = Pick<Problem, 'code' | 'message' | 'line' | 'start'>

export function parseAcceptedCodes(accept: string | undefined): string[] {
  const codes = (accept ?? '').split(/[,\s]+/).filter((code) => code !== '')
  return [...new Set(codes)].sort()
}

/** The flag in one form, whatever its order; throws INPUT_REFUSED for a code that can't be accepted. */
export function assertAcceptableCodes(accept: string): string {
  const codes = parseAcceptedCodes(accept)
  const strange = codes.filter((code) => !ACCEPTABLE_CODES.includes(code))
  if (strange.length === 0) return codes.join(',')
  throw new CutterError('INPUT_REFUSED', `${strange.join(', ')} can’t be accepted; nothing was touched`, {
    next: `problems that --accept takes are: ${ACCEPTABLE_CODES.join(', ')}; the others are notes, or have to be mended`,
  })
}

/** The problems of a scan that were accepted, in the order of the text. */
export function findAcceptedProblems(
  { problems }: Pick<Scan, 'problems'>,
  accept: string | undefined,
): AcceptedProblem[] {
  const codes = parseAcceptedCodes(accept)
  return problems
    .filter(({ code, severity }) => severity === 'needs-accept' && codes.includes(code))
    .map(({ code, message, line, start }) => ({ code, message, line, start }))
}
