import { runTool } from '../postgres/pg-tools.ts'

/** What squawk (a linter of migrations) says of a file; a tool that is absent says so. */
export type SquawkReport =
  | { tool: 'squawk'; installed: false }
  | { tool: 'squawk'; installed: true; version: string; findings: SquawkFinding[] }
  | { tool: 'squawk'; installed: true; failed: string }

export interface SquawkFinding {
  rule: string
  level: string
  line: number
  message: string
}

/** Set by Cutter, so a script that does not set them lacks nothing. */
const OURS = ['require-lock-timeout', 'require-statement-timeout']

/** Asked in the bundle's folder, where a .squawk.toml of its own would lie. */
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
  const known = inTransaction ? ['--assume-in-transaction'] : []
  const args = ['--reporter', 'json', ...known, file]
  // It ends with 1 when it has findings.
  const { stdout, stderr, code } = await runTool('squawk', args, { signal, cwd: folder })
  try {
    const findings = (JSON.parse(stdout) as { [key: string]: unknown }[]).map((one) => ({
      rule: String(one.rule_name ?? ''),
      level: String(one.level ?? ''),
      // It counts from 0.
      line: Number(one.line) + 1,
      message: [one.message, one.help].filter((text) => typeof text === 'string').join(' '),
    }))
    // Not by --exclude, which would win over the folder's own .squawk.toml.
    const told = findings.filter(({ rule }) => !OURS.includes(rule))
    return { tool: 'squawk', installed: true, version, findings: told }
  } catch {
    return { tool: 'squawk', installed: true, failed: `ended with ${code}: ${stderr.trim().slice(0, 500)}` }
  }
}
