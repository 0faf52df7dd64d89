import type { RunResult } from '../../targets/ssh/open-host.ts'
import { contentRules } from './artifact-rules.ts'
import { type Check, findMismatch } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import { inFolder } from './write-commands.ts'

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
export async function runCheck(session: HostSession, folder: string, check: Check): Promise<CheckOutcome> {
  const { name, expect, fallback, timeoutSeconds } = check
  const first = fallback === undefined || (await canRun(session, folder, check))
  const run = first ? check.run : fallback.run
  const expected = first ? expect : (fallback.expect ?? expect)
  const result = await session.run(inFolder(`check ${name}`, folder, run), {
    timeoutMs: timeoutSeconds * 1000,
  })
  return describeOutcome(name, run, !first, findMismatch(expected, result), result)
}

async function canRun(session: HostSession, folder: string, { name, run, needs }: Check): Promise<boolean> {
  const asked = needs ?? ['sh', '-c', 'command -v "$1"', 'sh', run[0]!]
  const { exitCode } = await session.run(inFolder(`needs ${name}`, folder, asked), { timeoutMs: NEEDS_MS })
  return exitCode === 0
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

/** The fault of each outcome that is not as expected. */
export const listFaults = (outcomes: CheckOutcome[]) =>
  outcomes.flatMap(({ name, fault }) => (fault === null ? [] : [`${name} ${fault}`]))

/** An outcome in one line, for the report. */
export const summarizeOutcome = ({ name, fault, fallback }: CheckOutcome) =>
  `${name}: ${fault ?? 'as expected'}${fallback ? ' (by its fallback)' : ''}`

/** The end of an output, without anything that has the form of a secret: it becomes evidence. */
function redact(output: Buffer): string {
  const text = output.toString('utf8').slice(-KEPT)
  return contentRules
    .filter(({ rule }) => rule === 'secret')
    .reduce((kept, { pattern }) => kept.replace(new RegExp(pattern.source, 'g'), '[removed]'), text)
}
