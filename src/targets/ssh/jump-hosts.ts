import type { LoginOverride, SshUser } from './ask-ssh.ts'
import { unreachableError } from './host-errors.ts'
import { readSshSettings, type SshSettings } from './ssh-settings.ts'

/**
 * Reads the settings of the jump host through which a host is reached. Null when it is reached directly. `passed`: the names of the hosts
 * behind it.
 * @throws STOP_HOST_UNREACHABLE when the jump hosts lead into a circle.
 */
export async function readNearestJump(
  settings: SshSettings,
  user: SshUser,
  signal: AbortSignal,
  passed: readonly string[],
): Promise<SshSettings | null> {
  if (passed.includes(settings.alias))
    throw unreachableError(settings, `its ProxyJump leads into a circle: ${passed.join(', ')}`)
  const jump = settings.jumps.at(-1)
  // Each jump host may itself be reached through the ones before it.
  return jump === undefined ? null : readJumpSettings(jump, settings.jumps.slice(0, -1), user, signal)
}

/** Lists the settings of a host and of all hosts on the way to it. @throws STOP_HOST_UNREACHABLE when they are a circle. */
export async function readRoute(
  settings: SshSettings,
  user: SshUser,
  signal: AbortSignal,
  passed: readonly string[] = [],
): Promise<SshSettings[]> {
  const nearer = await readNearestJump(settings, user, signal, passed)
  const rest = nearer === null ? [] : await readRoute(nearer, user, signal, [...passed, settings.alias])
  return [settings, ...rest]
}

/** Reads a jump host: `[user@]host[:port]`, or the same after `ssh://`. */
function readJumpSettings(
  jump: string,
  before: string[],
  user: SshUser,
  signal: AbortSignal,
): Promise<SshSettings> {
  const [, login, name, port] = /^(?:ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(jump) ?? []
  const as: LoginOverride = {
    ...(login === undefined ? {} : { user: login }),
    ...(port === undefined ? {} : { port: Number(port) }),
    jumps: before,
  }
  return readSshSettings((name ?? jump).replace(/^\[|\]$/g, ''), user, signal, as)
}
