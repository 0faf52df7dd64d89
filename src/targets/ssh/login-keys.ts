import { existsSync, readFileSync, statSync } from 'node:fs'
import ssh2, { type BaseAgent } from 'ssh2'
import type { SshSettings } from './ssh-settings.ts'

/** The ways to log in that a host's settings allow, and a note for each one that can't be used. Notes never hold a key. */
interface Logins {
  methods: (
    | { type: 'agent'; username: string; agent: BaseAgent }
    | { type: 'publickey'; username: string; key: Buffer }
  )[]
  /** What is tried, in words: paths of files, `the keys of the agent`. */
  tried: string[]
  notes: string[]
}

/** Lists the ways to log in: first the agent's keys, as OpenSSH does, then files without a passphrase, because nobody is there to type one. */
export function listLogins({ user, agent, identityFiles, identitiesOnly }: SshSettings): Logins {
  const logins: Logins = { methods: [], tried: [], notes: [] }
  if (agent !== null) {
    const named = identitiesOnly ? identityFiles.map((file) => `${file}.pub`) : null
    logins.methods.push({ type: 'agent', username: user, agent: connectAgent(agent, named) })
    logins.tried.push('the keys of the agent')
  }
  for (const file of identityFiles) {
    const found = readPrivateKey(file)
    if (found instanceof Buffer) {
      logins.methods.push({ type: 'publickey', username: user, key: found })
      logins.tried.push(file)
    } else if (found !== null) logins.notes.push(`${file} ${found}`)
    if (existsSync(`${file}-cert.pub`))
      logins.notes.push(
        `${file}-cert.pub is not used, because Cutter supports no certificates: the host must know the key`,
      )
  }
  return logins
}

/** The agent with all its keys, or only with those whose public keys are in these files (IdentitiesOnly). */
function connectAgent(socket: string, publicFiles: string[] | null): BaseAgent {
  const agent = ssh2.createAgent(socket)
  if (publicFiles === null) return agent
  const named = new Set(publicFiles.flatMap(readPublicKey))
  const all = agent.getIdentities.bind(agent)
  agent.getIdentities = (callback) =>
    all((error, keys) =>
      callback(
        error,
        keys?.filter((key) => named.has(exportPublicKey(key))),
      ),
    )
  return agent
}

function readPublicKey(file: string): string[] {
  try {
    return [readFileSync(file, 'utf8').split(/\s+/)[1] ?? '']
  } catch {
    return []
  }
}

function exportPublicKey(key: unknown): string {
  const parsed = ssh2.utils.parseKey(key as Buffer)
  return parsed instanceof Error ? '' : parsed.getPublicSSH().toString('base64')
}

/** The bytes of a key, or a string that says why it can't be used. Null where there is none. */
function readPrivateKey(file: string): Buffer | string | null {
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
    ? 'has a passphrase: add it to the agent with ssh-add'
    : 'is not a private key that can be used'
}
