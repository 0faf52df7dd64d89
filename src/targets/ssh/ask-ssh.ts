import { execFile } from 'node:child_process'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { Tool, Tools } from '../../tools/open-tools.ts'

export interface SshUser {
  /** The folder that holds `.ssh`. */
  home: string
  /** What `Match exec`, a ProxyCommand and `${VARIABLE}` see. */
  env: NodeJS.ProcessEnv
  /** Where ssh and ssh-keygen are found. */
  tools: Tools
}

/** The user of this process. */
export function currentSshUser(env: NodeJS.ProcessEnv, tools: Tools): SshUser {
  const home = env.HOME
  return { home: home === undefined || home === '' ? homedir() : home, env, tools }
}

/** What replaces the user and port of the configuration, as ProxyJump does for the hosts on the way. */
export interface LoginOverride {
  user?: string
  port?: number
  jumps?: string[]
}

/** What `ssh -G` prints for a host: all values of each keyword, which is in lower case. */
export type PrintedSettings = ReadonlyMap<string, string[]>

interface SshAnswer {
  settings: PrintedSettings
  /** What ssh would use for the host without any configuration file. */
  defaults: PrintedSettings
}

/** ssh may ask the network for a canonical name, or run the commands of `Match exec`. */
const TIMEOUT_MS = 60_000

/**
 * Asks the user's ssh which settings it would use for a host (`ssh -G`). ssh reads the user's and the system's configuration, and runs
 * the commands of `Match exec` in it. It refuses a file that belongs to somebody else, or that others may write.
 * @throws TOOL_MISSING without ssh. @throws CONFIG_INVALID when ssh refuses the configuration.
 */
export async function askSsh(
  alias: string,
  user: SshUser,
  { user: login, port, jumps = [] }: LoginOverride,
  signal: AbortSignal,
): Promise<SshAnswer> {
  const args = [
    ...(login === undefined ? [] : ['-l', login]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(jumps.length === 0 ? [] : ['-J', jumps.join(',')]),
  ]
  return withConfigOfHome(user.home, async (config) => {
    const [settings, defaults] = await Promise.all([
      runSsh([...config, ...args, '--', alias], alias, user, signal),
      runSsh(['-F', 'none', '--', alias], alias, user, signal),
    ])
    return { settings, defaults }
  })
}

/**
 * ssh takes the user's home from the password file. Where HOME is another folder, a file of ours includes the configuration of that home
 * and then the system's, in the order in which ssh reads them.
 */
async function withConfigOfHome<T>(home: string, work: (args: string[]) => Promise<T>): Promise<T> {
  if (await isHomeOfPasswordFile(home)) return work([])
  if (/["*?[\]\\\n]/.test(home))
    throw new CutterError('CONFIG_INVALID', `HOME is ${home}, which ssh can't include; nothing was touched`, {
      next: 'give HOME a path without quotes, brackets, wildcards and backslashes',
    })
  const folder = await mkdtemp(join(tmpdir(), 'cutter-ssh-'))
  try {
    const file = join(folder, 'config')
    await writeFile(file, includeConfigOf(home, { own: false }), { mode: 0o600 })
    return await work(['-F', file])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * The text of a configuration that includes that of a home and the system's. `own`: whether it is the home of the password file, in which
 * ssh finds known_hosts by itself.
 */
export function includeConfigOf(home: string, { own }: { own: boolean }): string {
  const at = (name: string) => `"${join(home, '.ssh', name)}"`
  const known = `UserKnownHostsFile ${at('known_hosts')} ${at('known_hosts2')}\n`
  return `Include ${at('config')}\nInclude /etc/ssh/ssh_config\n${own ? '' : known}`
}

/** Whether ssh takes the same folder for the user's home. */
export async function isHomeOfPasswordFile(home: string): Promise<boolean> {
  const own = findHomeInPasswordFile()
  return own === null || (await isSameFolder(home, own))
}

/** Null for a user id that the password file doesn't have. ssh refuses to work then, and says why. */
function findHomeInPasswordFile(): string | null {
  try {
    return userInfo().homedir
  } catch {
    return null
  }
}

async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)))
  return a === b
}

/** @throws TOOL_MISSING when ssh is missing. */
export function findSsh(tools: Tools): Tool {
  const tool = tools.find('ssh')
  if (tool === null) throw sshMissingError(tools)
  return tool
}

function runSsh(args: string[], alias: string, user: SshUser, signal: AbortSignal): Promise<PrintedSettings> {
  const tool = findSsh(user.tools)
  const options = { env: user.env, timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024, signal }
  return new Promise((resolve, reject) => {
    const child = execFile(
      tool.file,
      [...tool.args, '-G', '-T', ...args],
      options,
      (error, stdout, stderr) => {
        if (error === null) resolve(parseSettings(stdout))
        else if (signal.aborted)
          reject(new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent'))
        else reject(refusedError(alias, error.killed === true ? TOO_SLOW : stderr))
      },
    )
    child.stdin?.end()
  })
}

function parseSettings(text: string): PrintedSettings {
  const settings = new Map<string, string[]>()
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword = line, value = ''] = /^(\S+) (.*)$/.exec(line) ?? []
    const name = keyword.toLowerCase()
    settings.set(name, [...(settings.get(name) ?? []), value])
  }
  return settings
}

const TOO_SLOW = `it gave no answer within ${TIMEOUT_MS / 1000} s`

function refusedError(alias: string, message: string): CutterError {
  const why = message.trim().replace(/\r?\n/g, '; ')
  return new CutterError(
    'CONFIG_INVALID',
    `ssh can't read its configuration for host ${alias}: ${why === '' ? 'it ended without a message' : why}; nothing was touched`,
    { next: `correct the configuration until this prints settings: ssh -G ${alias}` },
  )
}

function sshMissingError(tools: Tools): CutterError {
  const { why, next } = tools.describeMissing('ssh')
  return new CutterError('TOOL_MISSING', `ssh ${why}; Cutter needs it to read the settings of hosts`, {
    next: `the package is openssh-client (Debian, Ubuntu) or openssh (elsewhere); ${next}`,
    data: { tool: 'ssh' },
  })
}
