import { readFileSync, statSync } from 'node:fs'
import ssh2 from 'ssh2'
import type { SshSettings } from './ssh-settings.ts'

/** The ways to log in that a host's settings allow, and a note for each that can't be used. Notes never hold a key. */
export interface Logins {
  methods: (
    | { type: 'agent'; username: string; agent: string }
    | { type: 'publickey'; username: string; key: Buffer }
  )[]
  /** What is tried, in words: paths of files, `the agent`. */
  tried: string[]
  notes: string[]
}

/** The agent's keys first, as OpenSSH does, then files without a passphrase: nobody is there to type one. */
export function loginsFor({ user, agent, identityFiles }: SshSettings): Logins {
  const logins: Logins = { methods: [], tried: [], notes: [] }
  if (agent !== null) {
    logins.methods.push({ type: 'agent', username: user, agent })
    logins.tried.push('the keys of the agent')
  }
  for (const file of identityFiles) {
    const found = keyIn(file)
    if (found instanceof Buffer) {
      logins.methods.push({ type: 'publickey', username: user, key: found })
      logins.tried.push(file)
    } else if (found !== null) logins.notes.push(`${file} ${found}`)
  }
  return logins
}

/** A key's bytes; why it can't be used; or null where there is none. */
function keyIn(file: string): Buffer | string | null {
  let bytes: Buffer
  try {
    const { mode } = statSync(file)
    if ((mode & 0o077) !== 0)
      return `can be read by others (mode ${(mode & 0o777).toString(8)}), so it is not used: chmod 600`
    bytes = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? null : `can't be read (${code})`
  }
  const parsed = ssh2.utils.parseKey(bytes)
  if (!(parsed instanceof Error)) return bytes
  return /passphrase|encrypted/i.test(parsed.message)
    ? 'has a passphrase: put it into the agent with ssh-add'
    : 'is no private key that can be used'
}
