import { existsSync, statSync } from 'node:fs'
import { chmod, link, mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import { finishRotation, instanceFiles } from './key-rotations.ts'
import { type Ed25519Key, formatEd25519Key, makeEd25519Key, readEd25519Key } from './openssh/ed25519-key.ts'
import { inPrivateFolder, runSshKeygen } from './openssh/ssh-keygen-process.ts'

/**
 * The key with which an instance of Cutter signs closeouts, as it stood in its file at one moment. It has no passphrase, because nobody is
 * present to type one. `publicKey` is the line of its `.pub` file, without the line's end.
 */
export interface InstanceKey extends Ed25519Key {
  /** Its principal, `cutter-instance@<host where it was made>`, kept as the comment of the key. */
  signer: string
}

/**
 * Reads the key in `<folder>/instance_key`, and makes it if it does not exist: ed25519, mode 0600. Processes that need it at the same
 * moment get the same key. `host` becomes part of the principal of a new key.
 * @throws INPUT_REFUSED when the file holds another kind of key, or others may read it
 * @throws STORE_UNWRITABLE when the folder cannot be written
 */
export async function ensureInstanceKey(folder: string, host: string): Promise<InstanceKey> {
  const { keyFile, committed } = instanceFiles(folder)
  const kept = keptKeys.get(keyFile)
  if (kept !== undefined && kept.file === identityOf(keyFile) && !existsSync(committed)) return kept.key
  await finishRotation(folder)
  const file = identityOf(keyFile)
  // Read once, so that a rotation by another process cannot give it the name of one key and the signature of another.
  const known = await readInstanceKey(keyFile)
  if (known === null) {
    await makeKey(folder, host)
    return ensureInstanceKey(folder, host)
  }
  await writePublicKey(folder, known)
  if (file !== null && file === identityOf(keyFile)) keptKeys.set(keyFile, { file, key: known })
  return known
}

/** The keys that this process has read, each with the identity of its file at that moment: every closeout needs the key. */
const keptKeys = new Map<string, { file: string; key: InstanceKey }>()

/** Differs after every change of a file, of its owner or of its mode. Null when there is no such file. */
function identityOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? null : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':')
}

const PUBLIC_KEY = /^(\S+ \S+ (cutter-instance@[A-Za-z0-9.-]{1,64}))\n?$/

/** Finds the principal in the line of a public key. Null when the line is not an instance's. */
export function findInstanceSigner(publicKey: string): string | null {
  return PUBLIC_KEY.exec(publicKey)?.[2] ?? null
}

/**
 * Reads the key of an instance. Null when there is no such file.
 * @throws INPUT_REFUSED when the file holds another kind of key, or others may read it
 */
async function readInstanceKey(keyFile: string): Promise<InstanceKey | null> {
  const text = await readOwnFile(keyFile)
  if (text === null) return null
  try {
    const key = readEd25519Key(text)
    const signer = findInstanceSigner(key.publicKey)
    if (signer === null) throw new RangeError('its comment is not the name of an instance')
    return { ...key, signer }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CutterError('INPUT_REFUSED', `${keyFile} is not a key of an instance: ${error.message}`, {
      next: 'restore the file from your backup; if there is none, move it away, and Cutter makes a new key',
      cause: error,
    })
  }
}

async function readOwnFile(keyFile: string): Promise<string | null> {
  const file = await open(keyFile).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return null
  try {
    const { uid, mode } = await file.stat()
    if (uid === process.getuid?.() && (mode & 0o077) !== 0)
      throw new CutterError(
        'INPUT_REFUSED',
        `others may read the private key ${keyFile}; nothing was signed`,
        {
          next: `chmod 600 ${keyFile}`,
        },
      )
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Makes the key in a folder of its own and links it to its path, so that of several processes one wins and none sees half a key. */
async function makeKey(folder: string, host: string): Promise<void> {
  const { keyFile } = instanceFiles(folder)
  await inTemporaryFolder(folder, async (own) => {
    await makeKeyPair(own, host)
    await link(join(own, 'key'), keyFile).catch(async (error: NodeJS.ErrnoException) => {
      // Some file systems have no hard links.
      if (error.code !== 'EEXIST') await rename(join(own, 'key'), keyFile)
    })
  })
}

/** Makes `key` and `key.pub` in a folder, which it makes if needed. Returns the line of the public key. */
export async function makeKeyPair(folder: string, host: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const key = makeEd25519Key(
    `cutter-instance@${host.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 64) || 'unnamed'}`,
  )
  await writeFile(join(folder, 'key'), formatEd25519Key(key), { mode: 0o600 })
  await writeFile(join(folder, 'key.pub'), `${key.publicKey}\n`, { mode: 0o644 })
  // The umask of the process may have taken rights from it.
  await chmod(join(folder, 'key.pub'), 0o644)
  return key.publicKey
}

/** Writes the public key for people, where it is missing: a process may have died between the two files. */
async function writePublicKey(folder: string, { publicKey }: InstanceKey): Promise<void> {
  const file = `${instanceFiles(folder).keyFile}.pub`
  await writeFile(file, `${publicKey}\n`, { flag: 'wx', mode: 0o644 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
}

/**
 * Works in a folder of its own below the folder of the key, and removes it afterwards.
 * @throws STORE_UNWRITABLE when the folder cannot be written
 */
export async function inTemporaryFolder<Result>(
  folder: string,
  work: (own: string) => Promise<Result>,
): Promise<Result> {
  const own = await mkdtemp(join(folder, '.instance_key-')).catch((cause: Error) => {
    throw new CutterError('STORE_UNWRITABLE', `no key can be made in ${folder}: ${cause.message}`, {
      next: 'check the folder’s owner, mode and free space',
      cause,
    })
  })
  try {
    return await work(own)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** Asks ssh-keygen for the fingerprint of a public key's line, `SHA256:…`. Null when OpenSSH does not know such a key. */
export function askFingerprint(publicKey: string): Promise<string | null> {
  return inPrivateFolder(async (write) => {
    const args = ['-l', '-f', write('key.pub', `${publicKey}\n`)]
    const { ok, stdout } = await runSshKeygen({ args, timeoutSeconds: 10 })
    return ok ? (/^\d+ (SHA256:\S+) /.exec(stdout)?.[1] ?? null) : null
  })
}
