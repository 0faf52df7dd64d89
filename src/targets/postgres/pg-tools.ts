import { Stop } from '../../domain/errors.ts'
import { programOf, type Tool, type Tools } from '../../tools/open-tools.ts'
import { INSTALL_PG_TOOLS, runTool } from '../system/run-tool.ts'

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

/** What a connection of a tool sets besides the URL. It is part of the address, because a tool in a container gets no variables. */
interface ConnectionSettings {
  applicationName: string
  /** Parameters of the session, such as `-c default_transaction_read_only=on`. */
  options?: string
}

/**
 * Splits a connection URL for libpq into the address without a password, and the password.
 * @throws STOP_TARGET_REFUSED when libpq would not take the URL
 */
export function splitLibpqUrl(
  url: string,
  { applicationName, options }: ConnectionSettings,
): { address: string; password: string | undefined } {
  // The driver and libpq accept a URL without a host, which the URL parser does not.
  const given = URL.canParse(url) ? url : url.replace('@/', '@localhost/')
  if (!URL.canParse(given))
    throw new Stop(
      'STOP_TARGET_REFUSED',
      'the connection URL is not valid for pg_dump; nothing was changed',
      {
        next: 'write it as postgresql://role@host:port/database, a socket’s folder as postgresql://role@/database?host=/folder',
      },
    )
  const parsed = new URL(given)
  const { password, searchParams } = parsed
  const secret = password === '' ? (searchParams.get('password') ?? undefined) : decodePassword(password)
  parsed.password = ''
  searchParams.delete('password')
  // libpq rejects this parameter of the driver.
  searchParams.delete('uselibpqcompat')
  searchParams.set('application_name', applicationName)
  if (options !== undefined)
    searchParams.set('options', [searchParams.get('options') ?? '', options].join(' ').trim())
  // libpq decodes %20, but not the + that stands for a space in a form.
  parsed.search = parsed.search.replaceAll('+', '%20')
  return { address: parsed.href, password: secret }
}

/** The driver accepts a % that is not part of an encoded character. */
function decodePassword(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
