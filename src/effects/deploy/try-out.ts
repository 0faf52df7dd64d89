import type { RunResult } from '../../targets/host.ts'
import { contentRules } from './artifact-rules.ts'
import { type Check, unexpected } from './checks.ts'
import type { Hand } from './hand.ts'
import { inFolder } from './write.ts'

/** One command of the checks file, as it came out on the host. */
export interface Tried {
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
export async function tryCheck(hand: Hand, folder: string, check: Check): Promise<Tried> {
  const { name, expect, fallback, timeoutSeconds } = check
  const first = fallback === undefined || (await possible(hand, folder, check))
  const run = first ? check.run : fallback.run
  const expected = first ? expect : (fallback.expect ?? expect)
  const result = await hand.run(inFolder(`check ${name}`, folder, run), { timeoutMs: timeoutSeconds * 1000 })
  return told(name, run, !first, unexpected(expected, result), result)
}

async function possible(hand: Hand, folder: string, { name, run, needs }: Check): Promise<boolean> {
  const asked = needs ?? ['sh', '-c', 'command -v "$1"', 'sh', run[0]!]
  return (await hand.run(inFolder(`needs ${name}`, folder, asked), { timeoutMs: NEEDS_MS })).exitCode === 0
}

export function told(
  name: string,
  ran: string[],
  fallback: boolean,
  fault: string | null,
  result: RunResult,
): Tried {
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
