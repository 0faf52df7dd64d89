import type { Tools } from '../../tools/open-tools.ts'
import { runTool } from './run-tool.ts'

/** The report of squawk, a linter of migrations, about a file. `installed` is false when the tool is missing. */
export type SquawkReport =
  | { tool: 'squawk'; installed: false }
  | {
      tool: 'squawk'
      installed: true
      version: string
      findings: SquawkFinding[]
      /** The number of findings that were left out, because there are too many to read; absent where there are none. */
      more?: number
    }
  | { tool: 'squawk'; installed: true; failed: string }

interface SquawkFinding {
  rule: string
  level: string
  /** From 1. */
  line: number
  message: string
}

/** Rules about timeouts, which Cutter sets itself. */
const RULES_OF_CUTTER = ['require-lock-timeout', 'require-statement-timeout']

/** How many findings a report holds at most. A plan holds them, and nobody reads more. */
const MOST_FINDINGS = 500

/** A file of a migration bundle that squawk reads. */
export interface LintedFile {
  /** The folder of the bundle. */
  folder: string
  /** Relative to the folder. */
  file: string
  /** Whether the file runs in one transaction. */
  inTransaction: boolean
}

/** Lints a file of a migration bundle. It runs in the folder of the bundle, so that a .squawk.toml there applies. */
export async function runSquawk(
  { folder, file, inTransaction }: LintedFile,
  { tools, signal }: { tools: Tools; signal: AbortSignal },
): Promise<SquawkReport> {
  const tool = tools.find('squawk')
  if (tool === null) return { tool: 'squawk', installed: false }
  const version = (await runTool(tool, ['--version'], { signal })).stdout.trim()
  const flags = inTransaction ? ['--assume-in-transaction'] : []
  const args = ['--reporter', 'json', ...flags, file]
  // The exit code is 1 when there are findings, so the output decides.
  const pieces: Buffer[] = []
  const onOutput = (piece: Buffer) => void pieces.push(piece)
  const { stderr, code } = await runTool(tool, args, { signal, cwd: folder, onOutput })
  try {
    const findings = (JSON.parse(Buffer.concat(pieces).toString('utf8')) as { [key: string]: unknown }[]).map(
      (one) => ({
        rule: String(one.rule_name ?? ''),
        level: String(one.level ?? ''),
        // squawk counts from 0.
        line: Number(one.line) + 1,
        message: [one.message, one.help].filter((text) => typeof text === 'string').join(' '),
      }),
    )
    // The rules are filtered here, because --exclude would override the folder's own .squawk.toml.
    const reported = findings.filter(({ rule }) => !RULES_OF_CUTTER.includes(rule))
    const more = reported.length - MOST_FINDINGS
    return {
      tool: 'squawk',
      installed: true,
      version,
      findings: reported.slice(0, MOST_FINDINGS),
      ...(more > 0 ? { more } : {}),
    }
  } catch {
    return { tool: 'squawk', installed: true, failed: `ended with ${code}: ${stderr.trim().slice(0, 500)}` }
  }
}
