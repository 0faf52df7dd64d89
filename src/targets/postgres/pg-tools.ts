import { Stop } from '../../domain/errors.ts'
import { INSTALL_PG_TOOLS, runTool } from '../system/run-tool.ts'

/**
 * Returns the version of pg_dump or pg_restore.
 * @throws STOP_TOOL_MISSING when its major version is older than the server's
 */
export async function assertToolVersion(
  name: string,
  serverMajor: number,
  signal: AbortSignal,
): Promise<string> {
  const { stdout, stderr } = await runTool(name, ['--version'], { signal })
  const [version = '', major = '0'] = /(\d+)(?:\.\d+)*/.exec(stdout) ?? []
  if (Number(major) >= serverMajor) return version
  const found = version === '' ? `gave no version: ${stderr.trim()}` : `has version ${version}`
  throw new Stop(
    'STOP_TOOL_MISSING',
    `${name} ${found}, the server ${serverMajor}: an older one can’t back it up; nothing was changed`,
    {
      next: `install version ${serverMajor} or newer (${INSTALL_PG_TOOLS}); then resume the run`,
      data: { tool: name, serverMajor },
    },
  )
}

/**
 * Splits a connection URL for libpq into the address without a password, and the password.
 * @throws STOP_TARGET_REFUSED when libpq would not take the URL
 */
export function splitLibpqUrl(url: string): { address: string; password: string | undefined } {
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
