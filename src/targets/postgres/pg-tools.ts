import { Stop } from '../../domain/errors.ts'
import { programOf, type Tool, type Tools } from '../../tools/open-tools.ts'
import { INSTALL_PG_TOOLS, runTool } from '../system/run-tool.ts'
import { readConnectionString, writeKeywords } from './connection-string.ts'

/**
 * Finds pg_dump or pg_restore for a server.
 * @throws STOP_TOOL_MISSING when there is none
 */
export function findPgTool(tools: Tools, name: 'pgDump' | 'pgRestore', serverMajor: number): Tool {
  const tool = tools.find(name, serverMajor)
  if (tool !== null) return tool
  const { why, next } = tools.describeMissing(name, serverMajor)
  throw new Stop('STOP_TOOL_MISSING', `${programOf(name)} ${why}; nothing was changed`, {
    next: `${INSTALL_PG_TOOLS}. ${next}; then resume the run`,
    data: { tool: programOf(name) },
  })
}

/**
 * Returns the version of pg_dump or pg_restore.
 * @throws STOP_TOOL_MISSING when its major version is older than the server's
 */
export async function assertToolVersion(
  tool: Tool,
  serverMajor: number,
  signal: AbortSignal,
): Promise<string> {
  const { stdout, stderr } = await runTool(tool, ['--version'], { signal })
  const [version = '', major = '0'] = /(\d+)(?:\.\d+)*/.exec(stdout) ?? []
  if (Number(major) >= serverMajor) return version
  const name = programOf(tool.name)
  const found = version === '' ? `gave no version: ${stderr.trim()}` : `has version ${version}`
  throw new Stop(
    'STOP_TOOL_MISSING',
    `${name} ${found}, the server ${serverMajor}: an older one can’t back it up; nothing was changed`,
    {
      next: `install version ${serverMajor} or newer (${INSTALL_PG_TOOLS}), and name it in cutter.yaml (tools.${tool.name}) if it is not in a trusted folder; then resume the run`,
      data: { tool: name, serverMajor },
    },
  )
}

/** What a connection of a tool sets besides the connection string. It is part of the address, because a tool in a container gets no variables. */
interface ConnectionOfTool {
  applicationName: string
  /** Parameters of the session, such as `-c default_transaction_read_only=on`. */
  options?: string
}

/**
 * Splits a connection string into an address for libpq without a password, and the password.
 * @throws ConnectionStringError when the string can't be read
 */
export function splitConnectionString(
  text: string,
  { applicationName, options }: ConnectionOfTool,
): { address: string; password: string | undefined } {
  const settings = readConnectionString(text)
  const { fallback_application_name: _, ...parameters } = settings.parameters
  const all = [parameters.options ?? '', options ?? ''].join(' ').trim()
  const address = writeKeywords({
    ...settings,
    parameters: {
      ...parameters,
      application_name: applicationName,
      ...(all === '' ? {} : { options: all }),
    },
  })
  return { address, password: settings.password }
}
