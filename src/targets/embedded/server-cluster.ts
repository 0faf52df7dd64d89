import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import type { Binaries } from './server-binaries.ts'
import type { ServerLocation, SystemUser } from './server-location.ts'

/** The data of the embedded server and its passwords. One rename creates both together. */

/** Passwords by login role. The first is the superuser. */
export type ClusterPasswords = { [role: string]: string }

/** The passwords of the home's server, whose superuser is `postgres`. */
export type ServerPasswords = {
  [role in 'postgres' | 'cutter_reader' | 'cutter_executor' | 'cutter_verifier']: string
}

/** The superuser of a cluster. */
export const superuserOf = (passwords: ClusterPasswords): { role: string; password: string } => {
  const [role, password] = Object.entries(passwords)[0]!
  return { role, password }
}

/** Whether the data of the server were created. */
export function clusterExists(place: ServerLocation): boolean {
  return existsSync(place.cluster)
}

/**
 * Creates the data and the passwords. The caller holds the lock of the server, so unfinished data there has no owner.
 * @throws TARGET_UNREACHABLE when initdb fails
 */
export async function makeCluster(
  place: ServerLocation,
  binaries: Binaries,
  passwords: ClusterPasswords,
): Promise<void> {
  for (const name of readdirSync(place.folder)) {
    if (name.startsWith('new-')) removeCompletely(join(place.folder, name))
  }
  const draft = join(place.folder, `new-${randomBytes(4).toString('hex')}`)
  mkdirSync(draft)
  chmodSync(draft, 0o711)
  try {
    writeFileSync(join(draft, 'passwords.json'), JSON.stringify(passwords, null, 2), {
      mode: 0o600,
      flush: true,
    })
    await fillData(draft, passwords, place, binaries)
    syncFolder(draft)
    renameSync(draft, place.cluster)
    syncFolder(place.folder)
  } catch (error) {
    removeCompletely(draft)
    throw error
  }
}

const MAX_ATTEMPTS = 50

/** Removes a folder. The initdb of a dead process may still run in it. If it removes a file at that moment, Node 24 silently stops removing. */
export function removeCompletely(folder: string): void {
  for (let tries = 0; tries < MAX_ATTEMPTS && existsSync(folder); tries += 1)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** Without it, a power failure could keep the rename and lose the contents. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** The path of the file that holds the passwords as JSON. */
export function passwordFile(place: ServerLocation): string {
  return join(place.cluster, 'passwords.json')
}

/**
 * Reads the passwords of the embedded server's roles from the file that its first start wrote.
 * @throws STORE_UNWRITABLE when this user may not read them
 */
export function readPasswords<T extends ClusterPasswords>(place: ServerLocation): T {
  try {
    return JSON.parse(readFileSync(passwordFile(place), 'utf8')) as T
  } catch (error) {
    throw new CutterError(
      'STORE_UNWRITABLE',
      `the embedded server's passwords can't be read: ${(error as Error).message}; nothing was changed`,
      {
        next: 'run cutter as the user who created this home, or make that user the owner of the file again',
        data: { path: passwordFile(place) },
        cause: error,
      },
    )
  }
}

/** Makes a password of 192 random bits. */
export const randomPassword = (): string => randomBytes(24).toString('base64url')

async function fillData(
  draft: string,
  passwords: ClusterPasswords,
  { user, unsynced }: Pick<ServerLocation, 'user' | 'unsynced'>,
  binaries: Binaries,
): Promise<void> {
  const { role, password } = superuserOf(passwords)
  const data = join(draft, 'data')
  const secret = join(draft, 'secret')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(secret, password, { mode: 0o600 })
  if (user !== null) for (const path of [data, secret]) chownSync(path, user.uid, user.gid)
  const given = { data, secret, user, isSynced: unsynced === null }
  const first = await initdb('C.UTF-8', role, given, binaries)
  if (first.code !== 0) {
    // Older systems have no C.UTF-8. The locale C sorts by bytes, which is the same order for UTF-8.
    const second = first.output.includes('locale') ? await initdb('C', role, given, binaries) : first
    if (second.code !== 0) throw initdbFailedError(second)
  }
  rmSync(secret)
}

interface Ended {
  code: number | string
  output: string
}

function initdb(
  locale: string,
  superuser: string,
  {
    data,
    secret,
    user,
    isSynced,
  }: { data: string; secret: string; user: SystemUser | null; isSynced: boolean },
  binaries: Binaries,
): Promise<Ended> {
  const flags = [
    '-D',
    data,
    '-U',
    superuser,
    '--pwfile',
    secret,
    '--auth=scram-sha-256',
    '--no-instructions',
    '--encoding=UTF8',
    '--locale-provider=libc',
    `--locale=${locale}`,
    '--lc-messages=C',
    ...(isSynced ? [] : ['--no-sync']),
  ]
  const child = spawn(join(binaries.bin, 'initdb'), flags, {
    // The server's user must be able to enter the current folder, because PostgreSQL reads its path.
    cwd: '/',
    env: binaries.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user ?? {}),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 'not started', output: error.message }))
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', output }))
  })
}

function initdbFailedError(ended: Ended): CutterError {
  const tail = ended.output.trim().split('\n').slice(-3).join(' ')
  return new CutterError(
    'TARGET_UNREACHABLE',
    `initdb could not create the embedded server's data (${ended.code}): ${tail}`,
    {
      next: 'fix the problem that it names and run the command again; unfinished data was removed',
    },
  )
}
