import { existsSync, readFileSync, type Stats, statSync } from 'node:fs'
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2'
import type { Tool } from '../../tools/open-tools.ts'
import { listAgentKeyTypes } from './agent-key-types.ts'
import { countRsaBits, parseHostKey } from './known-hosts.ts'
import { type PublicHalf, readPublicHalf } from './public-half.ts'
import type { SshSettings } from './ssh-settings.ts'

/** The ways to log in that a host's settings allow, and a note for each one that can't be used. Notes never hold a key. */
export interface Logins {
  methods: (
    | { type: 'agent'; username: string; agent: BaseAgent }
    | { type: 'publickey'; username: string; key: Buffer }
  )[]
  /** What is tried, in words: paths of files, `the keys of the agent`. */
  tried: string[]
  notes: string[]
  /** Kinds of keys that only the system's ssh can log in with, in words. */
  needs: string[]
}

/**
 * Lists the ways to log in. As for OpenSSH, the agent's keys come first, and of these the ones that the identity files name. Then come
 * files without a passphrase, because nobody is there to type one.
 */
export async function listLogins(settings: SshSettings, sshKeygen: Tool): Promise<Logins> {
  const { user, agent, identityFiles } = settings
  const halves = await Promise.all(identityFiles.map((file) => readPublicHalf(file, sshKeygen)))
  const logins: Logins = {
    methods: [],
    tried: [],
    notes: [],
    needs: await listKeyNeeds(settings, halves),
  }
  if (agent !== null) {
    logins.methods.push({ type: 'agent', username: user, agent: connectAgent(agent, halves, settings) })
    logins.tried.push('the keys of the agent')
  }
  for (const [index, file] of identityFiles.entries()) {
    const found = readPrivateKey(file, settings)
    if (found instanceof Buffer) {
      logins.methods.push({ type: 'publickey', username: user, key: found })
      logins.tried.push(file)
    } else if (found !== null) logins.notes.push(`${file} ${found}`)
    else if (settings.namedIdentityFiles.includes(file) && halves[index] === null)
      logins.notes.push(`${file} is missing, which IdentityFile names`)
  }
  return logins
}

/** A certificate, or a key of a security key. */
const ONLY_SSH = /-cert-v01@|^(webauthn-)?sk-/

/** Names the certificates and the keys of security keys among those that the settings let ssh offer. */
async function listKeyNeeds(settings: SshSettings, halves: (PublicHalf | null)[]): Promise<string[]> {
  const { agent, identityFiles, identitiesOnly } = settings
  const held = agent === null || identitiesOnly ? [] : await listAgentKeyTypes(agent)
  return [
    ...(identityFiles.some((file) => existsSync(`${file}-cert.pub`)) ? ['a certificate'] : []),
    ...(halves.some((half) => half?.isSecurityKey) ? ['a security key'] : []),
    ...held.filter((type) => ONLY_SSH.test(type)).map((type) => `the ${type} of the agent`),
  ]
}

/** The agent, with the named keys first. With IdentitiesOnly it has no others. */
function connectAgent(socket: string, halves: (PublicHalf | null)[], settings: SshSettings): BaseAgent {
  const agent = ssh2.createAgent(socket)
  const named = halves.flatMap((half) => (half === null ? [] : [half.fingerprint]))
  const all = agent.getIdentities.bind(agent)
  const choose = (keys: ParsedKey[]) => {
    const usable = keys.filter((key) => isAccepted(key, settings))
    const rank = (key: ParsedKey) => named.indexOf(fingerprintOf(key))
    const first = usable.filter((key) => rank(key) >= 0).sort((one, other) => rank(one) - rank(other))
    return settings.identitiesOnly ? first : [...first, ...usable.filter((key) => rank(key) < 0)]
  }
  agent.getIdentities = (callback) =>
    all((error, keys) => callback(error, keys === undefined ? keys : choose(keys.flatMap(parseAgentKey))))
  return agent
}

function parseAgentKey(key: unknown): ParsedKey[] {
  const parsed = ssh2.utils.parseKey(key as Buffer)
  return parsed instanceof Error ? [] : [parsed]
}

const fingerprintOf = (key: ParsedKey) => parseHostKey(key.getPublicSSH()).fingerprint

/** Whether PubkeyAcceptedAlgorithms and RequiredRSASize let a key be used. */
function isAccepted(key: ParsedKey, { algorithms, minimumRsaBits }: SshSettings): boolean {
  const bits = countRsaBits(key.getPublicSSH())
  const names = bits === null ? [key.type] : ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']
  const isNamed = algorithms.login === null || names.some((name) => algorithms.login!.includes(name))
  return isNamed && (bits === null || bits >= minimumRsaBits)
}

/** The bytes of a private key, or a string that says why it can't be used. Null where there is none. */
function readPrivateKey(file: string, settings: SshSettings): Buffer | string | null {
  let bytes: Buffer
  let stats: Stats
  try {
    stats = statSync(file)
    bytes = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? null : `can't be read (${code})`
  }
  const parsed = ssh2.utils.parseKey(bytes)
  if (!(parsed instanceof Error) && !parsed.isPrivateKey())
    return settings.agent === null
      ? 'is a public key, and there is no agent that could have its private key'
      : 'is a public key, so its private key must be in the agent: ssh-add'
  if (stats.uid === process.getuid?.() && (stats.mode & 0o077) !== 0)
    return `can be read by others (mode ${(stats.mode & 0o777).toString(8)}), so it is not used: chmod 600`
  if (!(parsed instanceof Error))
    return isAccepted(parsed, settings)
      ? bytes
      : 'is not accepted by PubkeyAcceptedAlgorithms or RequiredRSASize'
  return /passphrase|encrypted/i.test(parsed.message)
    ? 'has a passphrase: add it to the agent with ssh-add'
    : 'is not a private key that can be used'
}
