import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isTrustedOwner } from '../domain/trusted-owner.ts'
import { ClientError } from './client-error.ts'
import { findOption } from './command-words.ts'

/** Where a service is, and who asks it. */
export interface FoundService {
  /** A unix socket, or a host with a port. */
  at: { path: string } | { host: string; port: number; isSecure: boolean }
  /** For messages. */
  name: string
  token: string | null
  /** Whether the command may be performed without it. */
  isOptional: boolean
}

interface Surroundings {
  argv: string[]
  env: NodeJS.ProcessEnv
  cwd: string
}

/**
 * Finds the service that performs the commands of this caller: that of CUTTER_URL, else the one whose socket is in the home. Null where there
 * is none.
 * @throws ClientError when CUTTER_URL is no address, or a file of a token can't be used
 */
export function findService({ argv, env, cwd }: Surroundings): FoundService | null {
  const url = env.CUTTER_URL ?? ''
  if (url !== '') return { ...addressOf(url), name: url, token: ownToken(env), isOptional: false }
  const home = findHome(findOption(argv, '--home') ?? env.CUTTER_HOME ?? '', env, cwd)
  const path = home === null ? null : findSocket(home.folder, home.isNamed, env)
  if (home === null || path === null) return null
  return { at: { path }, name: path, token: ownToken(env) ?? ownerToken(home.folder), isOptional: true }
}

function addressOf(url: string): Pick<FoundService, 'at'> {
  const [, scheme, host, , port] = /^(https?):\/\/(\[[\da-f:.]+\]|[\w.-]+)(:(\d{1,5}))?\/?$/i.exec(url) ?? []
  if (scheme === undefined || host === undefined)
    throw new ClientError(
      'USAGE',
      `CUTTER_URL ${JSON.stringify(url)} is not the address of a service; nothing was done`,
      'give it as cutter serve prints it, such as http://127.0.0.1:7433',
      2,
    )
  const isSecure = scheme.toLowerCase() === 'https'
  return {
    at: { host: host.replace(/[[\]]/g, ''), port: Number(port ?? (isSecure ? 443 : 80)), isSecure },
  }
}

/** As `findHome` of the config finds it. Where that refuses a folder, there is none here, and the program says why. */
export function findHome(
  named: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
): { folder: string; isNamed: boolean } | null {
  if (named !== '') return { folder: resolve(cwd, named), isNamed: true }
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, 'cutter.yaml')
    if (existsSync(file)) return isOurs(folder, env) && isOurs(file, env) ? { folder, isNamed: false } : null
    if (dirname(folder) === folder) return { folder: cwd, isNamed: false }
  }
}

/** Anybody may lay a socket where somebody else works, and would be sent tokens. So one counts where its folder is named, or who made it is trusted. */
function findSocket(folder: string, isNamed: boolean, env: NodeJS.ProcessEnv): string | null {
  const inHome = join(folder, 'var', 'cutter.sock')
  const path = isSocket(inHome) ? inHome : socketElsewhere(folder)
  return path !== null && (isNamed || isOurs(path, env)) ? path : null
}

const isSocket = (path: string) => statSync(path, { throwIfNoEntry: false })?.isSocket() === true

/** Where the path in the home is too long for a socket, a file there names it. */
function socketElsewhere(folder: string): string | null {
  try {
    const { socket } = JSON.parse(readFileSync(join(folder, 'var', 'service.json'), 'utf8'))
    return typeof socket === 'string' ? socket : null
  } catch {
    return null
  }
}

function isOurs(path: string, env: NodeJS.ProcessEnv): boolean {
  try {
    const owners = [lstatSync(path).uid, statSync(path).uid]
    return owners.every((owner) => isTrustedOwner(owner, process.geteuid?.(), env))
  } catch {
    return false
  }
}

/** The token that the caller brings: CUTTER_TOKEN, or that in the caller's own configuration. */
function ownToken(env: NodeJS.ProcessEnv): string | null {
  if ((env.CUTTER_TOKEN ?? '') !== '') return env.CUTTER_TOKEN!
  const config = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, '.config') : '')
  if (config === '') return null
  const file = join(config, 'cutter', 'token')
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return null
  if ((found.mode & 0o077) !== 0)
    throw new ClientError(
      'FILES_UNSAFE',
      `${file} holds a token, and other users may read it; nothing was done`,
      `chmod 600 ${file}; if somebody may have read it: cutter token revoke <id>`,
      3,
    )
  return readFileSync(file, 'utf8').trim()
}

/** The token of the home's owner. Nobody else can read it; root, who can, is not the owner. */
function ownerToken(folder: string): string | null {
  const file = join(folder, 'var', 'owner-token')
  try {
    return lstatSync(file).uid === process.geteuid?.() ? readFileSync(file, 'utf8').trim() : null
  } catch {
    return null
  }
}
