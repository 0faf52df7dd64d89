import { runTool } from './pg-tools.ts'

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

export async function squawk(path: string, signal: AbortSignal): Promise<SquawkReport> {
  let version: string
  try {
    version = (await runTool('squawk', ['--version'], { signal })).stdout.trim()
  } catch (error) {
    if ((error as { facts?: { code: string } }).facts?.code !== 'STOP_TOOL_MISSING') throw error
    return { tool: 'squawk', installed: false }
  }
  // It ends with 1 when it has findings.
  const { stdout, stderr, code } = await runTool('squawk', ['--reporter', 'json', path], { signal })
  try {
    const findings = (JSON.parse(stdout) as { [key: string]: unknown }[]).map((one) => ({
      rule: String(one.rule_name ?? one.rule ?? ''),
      level: String(one.level ?? ''),
      line: Number(one.line ?? 0),
      message: messageOf(one),
    }))
    return { tool: 'squawk', installed: true, version, findings }
  } catch {
    return { tool: 'squawk', installed: true, failed: `ended with ${code}: ${stderr.trim().slice(0, 500)}` }
  }
}

function messageOf({ message, messages, help }: { [key: string]: unknown }): string {
  const texts = Array.isArray(messages)
    ? messages.map((one) => String(Object.values(one ?? {})[0]))
    : [message]
  return [...texts, help].filter((text) => typeof text === 'string' && text !== '').join(' ')
}
