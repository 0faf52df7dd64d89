import { runTool } from './run-tool.ts'

/** The report of squawk, a linter of migrations, about a file. `installed` is false when the tool is missing. */
export type SquawkReport =
  | { tool: 'squawk'; installed: false }
  | { tool: 'squawk'; installed: true; version: string; findings: SquawkFinding[] }
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

/**
 * Lints a file of a migration bundle. It runs in the folder of the bundle, so that a .squawk.toml there applies.
 * @param inTransaction whether the file runs in one transaction
 */
export async function runSquawk(
  folder: string,
  file: string,
  inTransaction: boolean,
  signal: AbortSignal,
): Promise<SquawkReport> {
  let version: string
  try {
    version = (await runTool('squawk', ['--version'], { signal })).stdout.trim()
  } catch (error) {
    if ((error as { facts?: { code: string } }).facts?.code !== 'STOP_TOOL_MISSING') throw error
    return { tool: 'squawk', installed: false }
  }
  const flags = inTransaction ? ['--assume-in-transaction'] : []
  const args = ['--reporter', 'json', ...flags, file]
  // The exit code is 1 when there are findings, so the output decides.
  const { stdout, stderr, code } = await runTool('squawk', args, { signal, cwd: folder })
  try {
    const findings = (JSON.parse(stdout) as { [key: string]: unknown }[]).map((one) => ({
      rule: String(one.rule_name ?? ''),
      level: String(one.level ?? ''),
      // squawk counts from 0.
      line: Number(one.line) + 1,
      message: [one.message, one.help].filter((text) => typeof text === 'string').join(' '),
    }))
    // The rules are filtered here, because --exclude would override the folder's own .squawk.toml.
    const reported = findings.filter(({ rule }) => !RULES_OF_CUTTER.includes(rule))
    return { tool: 'squawk', installed: true, version, findings: reported }
  } catch {
    return { tool: 'squawk', installed: true, failed: `ended with ${code}: ${stderr.trim().slice(0, 500)}` }
  }
}
