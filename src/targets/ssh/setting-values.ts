import { existsSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { SshUser } from './ask-ssh.ts'
import { NeedsSsh } from './needs-ssh.ts'

interface TokenValues {
  alias: string
  /** The setting, for messages. */
  name: string
  user: SshUser
  hostName: string
  port: number
  login: string
  hostKeyAlias: string | null
}

/**
 * Replaces the tokens of a setting that `ssh -G` prints as it stands in the configuration: `%h` and others, `${VARIABLE}`, and `~/` at
 * the beginning. A ProxyCommand has only `%%`, `%h`, `%n`, `%p` and `%r`, because a shell reads it.
 * @throws NeedsSsh for a token that is not known, for a variable that is not set, and for the home of another user.
 */
export function expandTokens(value: string, at: TokenValues): string {
  const isCommand = at.name === 'ProxyCommand'
  const tokens = isCommand ? commandTokens(at) : { ...commandTokens(at), ...fileTokens(at) }
  const filled = value.replace(/%(.?)|\$\{([^}]*)\}/gs, (text, token?: string, variable?: string) => {
    if (token === undefined && isCommand) return text
    const found = token === undefined ? at.user.env[variable!] : tokens[token]
    if (found !== undefined) return found
    throw new NeedsSsh([at.name])
  })
  if (isCommand || !value.startsWith('~')) return filled
  if (!/^~(\/|$)/.test(value)) throw new NeedsSsh([at.name])
  return at.user.home + filled.slice(1)
}

const commandTokens = ({ alias, hostName, port, login }: TokenValues): { [token: string]: string } => ({
  '%': '%',
  h: hostName,
  n: alias,
  p: String(port),
  r: login,
})

function fileTokens({ alias, user, hostKeyAlias }: TokenValues): { [token: string]: string } {
  const { uid, username } = userInfo()
  const local = hostname()
  return {
    d: user.home,
    i: String(uid),
    k: hostKeyAlias ?? alias,
    L: local.split('.')[0]!,
    l: local,
    u: username,
  }
}

/**
 * Splits a list of files as `ssh -G` prints it: divided by spaces, which a path may hold too. ssh resolves a relative path against the
 * working folder.
 * @throws NeedsSsh when one path with a space can't be distinguished from two.
 */
export function splitFiles(printed: string, name: string): string[] {
  const files = printed.split(/\s+(?=[/~])/).filter((file) => file !== '')
  if (files.some((file) => /\s/.test(file) && !existsSync(file))) throw new NeedsSsh([name])
  return files.map((file) => resolve(file))
}
