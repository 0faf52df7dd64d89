import type { RunResult } from '../../targets/ssh/open-host.ts'
import { contentRules } from './artifact-rules.ts'
import { type Check, findMismatch } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import { inFolder } from './write-commands.ts'

/** One command of the checks file, as it came out on the host. */
export interface CheckOutcome {
  name: string
  ran: string[]
  fallback: boolean
  /** Null when it came out as expected. */
  fault: string | null
  exitCode: number | null
  stdout: string
  stderr: string
}

const KEPT = 20_000
const NEEDS_MS = 60_000

/** Runs one check in the deployed folder, by its fallback where what it needs is not on the host. */
export async function runCheck(hand: HostSession, folder: string, check: Check): Promise<CheckOutcome> {
  const { name, expect, fallback, timeoutSeconds } = check
  const first = fallback === undefined || (await possible(hand, folder, check))
  const run = first ? check.run : fallback.run
  const expected = first ? expect : (fallback.expect ?? expect)
  const result = await hand.run(inFolder(`check ${name}`, folder, run), { timeoutMs: timeoutSeconds * 1000 })
  return describeOutcome(name, run, !first, findMismatch(expected, result), result)
}

async function possible(hand: HostSession, folder: string, { name, run, needs }: Check): Promise<boolean> {
  const asked = needs ?? ['sh', '-c', 'command -v "$1"', 'sh', run[0]!]
  return (await hand.run(inFolder(`needs ${name}`, folder, asked), { timeoutMs: NEEDS_MS })).exitCode === 0
}

export function describeOutcome(
  name: string,
  ran: string[],
  fallback: boolean,
  fault: string | null,
  result: RunResult,
): CheckOutcome {
  const { exitCode } = result
  return { name, ran, fallback, fault, exitCode, stdout: clean(result.stdout), stderr: clean(result.stderr) }
}

/** The end of an output, without what looks like a secret: it goes into evidence. */
function clean(output: Buffer): string {
  const text = output.toString('utf8').slice(-KEPT)
  return contentRules
    .filter(({ rule }) => rule === 'secret')
    .reduce((kept, { pattern }) => kept.replace(new RegExp(pattern.source, 'g'), '[removed]'), text)
}
