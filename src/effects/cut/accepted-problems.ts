import type { Problem } from '../../document/diagnostics/problem.ts'
import { ACCEPTABLE_CODES } from '../../document/diagnostics/severity.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'

// `--accept CODE,CODE`: problems that only a person can judge. The plan lists the accepted problems and their places, so that the
// approver sees them. Their messages are part of the plan digest of open runs, so they must not change. A plan without accepted problems is the same as without the flag.

/** A problem that was accepted, as the plan lists it. */
export type AcceptedProblem = Pick<Problem, 'code' | 'message' | 'line' | 'start'>

/** Parses the flag's value into codes, each once and sorted. */
function parseAcceptedCodes(accept: string | undefined): string[] {
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

const NONE: ReadonlySet<Problem> = new Set()

/**
 * Lists the problems that were accepted, in the order of the text. `explained` are problems that need no acceptance: they are listed only
 * where their code was accepted all the same.
 *
 * @throws Stop STOP_REFUSED_INPUT when a problem needs to be accepted and is not.
 */
export function acceptProblems(
  problems: Problem[],
  accept: string | undefined,
  explained: ReadonlySet<Problem> = NONE,
  data: { [key: string]: Json } = {},
): AcceptedProblem[] {
  const codes = parseAcceptedCodes(accept)
  const found = problems.filter(
    (problem) =>
      problem.severity === 'needs-accept' && (!explained.has(problem) || codes.includes(problem.code)),
  )
  const open = found.filter(({ code }) => !codes.includes(code))
  if (open.length > 0) throw problemsError(open, adviseAccept(open), data)
  return found
    .sort((a, b) => a.start - b.start)
    .map(({ code, message, line, start }) => ({ code, message, line, start }))
}

/** Builds the stop for problems of a text. `next` says what to do about them, `data` more of the text. */
export function problemsError(problems: Problem[], next: string, data: { [key: string]: Json } = {}): Stop {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new Stop(
    'STOP_REFUSED_INPUT',
    `line ${first!.line}: ${first!.message}${more}; nothing was changed`,
    {
      next: `${next} (this one can be cancelled)`,
      data: { ...data, problems: problems.slice(0, 50).map((problem) => ({ ...problem })) },
    },
  )
}

function adviseAccept(problems: Problem[]): string {
  const codes = [...new Set(problems.map(({ code }) => code))]
  return `fix the source; or, if a check of each place shows that it is right, start another run with --accept ${codes.join(',')}`
}
