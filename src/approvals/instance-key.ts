import { chmod, link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import type { Tools } from '../tools/open-tools.ts'
import { finishRotation } from './key-rotations.ts'
import { inPrivateFolder, runSshKeygen } from './openssh/ssh-keygen-process.ts'

/** The key with which an instance of Cutter signs closeouts. It has no passphrase, because nobody is present to type one. */
interface InstanceKey {
  keyFile: string
  /** Its principal, `cutter-instance@<host where it was made>`, kept as the comment of the public key. */
  signer: string
  /** Type, key and principal, as in a `.pub` file, without the line's end. */
  publicKey: string
}

/**
 * Reads the key in `<folder>/instance_key`, and makes it if it does not exist: ed25519, mode 0600. Processes that need it at the same
 * moment get the same key. `host` becomes part of the principal of a new key.
 * @throws TOOL_MISSING without ssh-keygen
 * @throws STORE_UNWRITABLE when the folder cannot be written
 */
export async function ensureInstanceKey(folder: string, host: string, tools?: Tools): Promise<InstanceKey> {
  await finishRotation(folder)
  const keyFile = join(folder, 'instance_key')
  const known = await publicKeyAt(keyFile)
  if (known !== null) return known
  if ((await readFile(keyFile).catch(() => null)) === null) await makeKey({ folder, keyFile, host }, tools)
  await writePublicKey(folder, keyFile, tools)
  const made = await publicKeyAt(keyFile)
  if (made === null)
    throw new CutterError('INTERNAL', `${keyFile}.pub is not a valid public key of an instance`)
  return made
}

const PUBLIC_KEY = /^(\S+ \S+ (cutter-instance@[A-Za-z0-9.-]{1,64}))\n?$/

/** Finds the principal in the line of a public key. Null when the line is not an instance's. */
export function findInstanceSigner(publicKey: string): string | null {
  return PUBLIC_KEY.exec(publicKey)?.[2] ?? null
}

async function publicKeyAt(keyFile: string): Promise<InstanceKey | null> {
  const text = await readFile(`${keyFile}.pub`, 'utf8').catch(() => '')
  const [, publicKey, signer] = PUBLIC_KEY.exec(text) ?? []
  return publicKey === undefined ? null : { keyFile, signer: signer!, publicKey }
}

/** Makes the key in a folder of its own and links it to its path, so that of several processes one wins and none sees half a key. */
async function makeKey(
  { folder, keyFile, host }: { folder: string; keyFile: string; host: string },
  tools: Tools | undefined,
): Promise<void> {
  await inTemporaryFolder(folder, async (own) => {
    await makeKeyPair(own, host, tools)
    await chmod(join(own, 'key'), 0o600)
    await link(join(own, 'key'), keyFile).catch(async (error: NodeJS.ErrnoException) => {
      // Some file systems have no hard links.
      if (error.code !== 'EEXIST') await rename(join(own, 'key'), keyFile)
    })
  })
}

/**
 * Makes `key` and `key.pub` in a folder, which it makes if needed. Returns the line of the public key.
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function makeKeyPair(folder: string, host: string, tools?: Tools): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const comment = `cutter-instance@${host.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 64) || 'unnamed'}`
  await run(['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(folder, 'key')], tools)
  return (await readFile(join(folder, 'key.pub'), 'utf8')).trim()
}

/** Derives the public key from the private key, which carries the comment, so a process that died between the two files does no harm. */
async function writePublicKey(folder: string, keyFile: string, tools: Tools | undefined): Promise<void> {
  const publicKey = await run(['-y', '-P', '', '-f', keyFile], tools)
  await inTemporaryFolder(folder, async (own) => {
    await writeFile(join(own, 'key.pub'), publicKey, { mode: 0o644 })
    await rename(join(own, 'key.pub'), `${keyFile}.pub`)
  })
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

async function run(args: string[], tools: Tools | undefined): Promise<string> {
  const answer = await runSshKeygen({ args, timeoutSeconds: 30, tools })
  if (answer.ok) return answer.stdout
  throw new CutterError(
    'INTERNAL',
    `ssh-keygen could not make the key of the instance: ${answer.stderr.trim()}`,
  )
}

/** Asks ssh-keygen for the fingerprint of a public key's line, `SHA256:…`. Null when OpenSSH does not know such a key. */
export function askFingerprint(publicKey: string): Promise<string | null> {
  return inPrivateFolder(async (write) => {
    const args = ['-l', '-f', await write('key.pub', `${publicKey}\n`)]
    const { ok, stdout } = await runSshKeygen({ args, timeoutSeconds: 10 })
    return ok ? (/^\d+ (SHA256:\S+) /.exec(stdout)?.[1] ?? null) : null
  })
}
