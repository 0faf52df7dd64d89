import type { RunResult } from '../../targets/ssh/open-host.ts'
import { type Check, findMismatch } from './checks-file.ts'
import { redactOutput } from './redact-output.ts'
import type { RunInTarget } from './run-in-target.ts'

/** The outcome of one command of the checks file on the host. */
export interface CheckOutcome {
  name: string
  ran: string[]
  /** Whether the fallback ran. */
  fallback: boolean
  /** Null when the result is as expected. */
  fault: string | null
  exitCode: number | null
  /** The end of each output, without secrets. */
  stdout: string
  stderr: string
}

/** Characters of each output that are kept as evidence. */
const KEPT = 20_000
const NEEDS_MS = 60_000

/** Runs one check in the deployed folder. Its fallback runs where the host lacks what the check needs. */
export async function runCheck(inTarget: RunInTarget, check: Check): Promise<CheckOutcome> {
  const { name, expect, fallback, timeoutSeconds } = check
  const first = fallback === undefined || (await canRun(inTarget, check))
  const run = first ? check.run : fallback.run
  const expected = first ? expect : (fallback.expect ?? expect)
  const result = await inTarget(`check ${name}`, run, timeoutSeconds * 1000)
  return describeOutcome(name, run, !first, findMismatch(expected, result), result)
}

async function canRun(inTarget: RunInTarget, { name, run, needs }: Check): Promise<boolean> {
  const asked = needs ?? ['sh', '-c', 'command -v "$1"', 'sh', run[0]!]
  const { exitCode } = await inTarget(`needs ${name}`, asked, NEEDS_MS)
  return exitCode === 0
}

/** Runs one command with an expectation in the deployed folder. */
export async function runStep(
  inTarget: RunInTarget,
  name: string,
  { run, expect, timeoutSeconds }: Pick<Check, 'run' | 'expect' | 'timeoutSeconds'>,
): Promise<CheckOutcome> {
  const result = await inTarget(name, run, timeoutSeconds * 1000)
  return describeOutcome(name, run, false, findMismatch(expect, result), result)
}

/** The outcome as evidence keeps it. */
export function describeOutcome(
  name: string,
  ran: string[],
  fallback: boolean,
  fault: string | null,
  result: RunResult,
): CheckOutcome {
  const { exitCode, stdout, stderr } = result
  return { name, ran, fallback, fault, exitCode, stdout: redact(stdout), stderr: redact(stderr) }
}

/** The fault of each outcome that is not as expected, with the last lines that it printed. */
export const listFaults = (outcomes: CheckOutcome[]) =>
  outcomes.flatMap((outcome) => {
    const { name, fault } = outcome
    if (fault === null) return []
    const lines = listLastLines(outcome)
    return [`${name} ${fault}${lines.length === 0 ? '' : `; its last lines: ${lines.join(' | ')}`}`]
  })

/** Lines of each output that a fault shows, and the characters of each. */
const LAST_LINES = 5
const LINE_LENGTH = 200

/** The last lines of what a command printed: those of stdout, then those of stderr. */
export function listLastLines({ stdout, stderr }: Pick<CheckOutcome, 'stdout' | 'stderr'>): string[] {
  return [stdout, stderr].flatMap((output) =>
    output
      .split(/[\r\n]+/)
      .map((line) => line.trimEnd())
      .filter((line) => line !== '')
      .slice(-LAST_LINES)
      .map((line) =>
        line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH).replace(/[\ud800-\udbff]$/, '')}…` : line,
      ),
  )
}

/** An outcome in one line, for the report. */
export const summarizeOutcome = ({ name, fault, fallback }: CheckOutcome) =>
  `${name}: ${fault ?? 'as expected'}${fallback ? ' (by its fallback)' : ''}`

/** Bytes at the end of an output in which secrets are searched: more than is kept, so that the cut at its end cuts none. */
const SEARCHED = 20 * KEPT

/** The end of an output, without anything that has the form of a secret: it becomes evidence. No cut leaves half a character. */
const redact = (output: Buffer) =>
  redactOutput(output.subarray(-SEARCHED).toString('utf8'))
    .slice(-KEPT)
    .replace(/^[\udc00-\udfff]/, '')
