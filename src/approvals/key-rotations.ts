import { mkdir, readdir, readFile, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'

/** The SSH signature namespace of rotations, in which nothing else is signed. */
export const ROTATION_NAMESPACE = 'cutter.instance-key'

/** What the old key of an instance signs when a new key follows it, in its RFC 8785 form. */
export interface RotationStatement {
  type: 'urn:cutter:key-rotation:v1'
  /** The lines of the two public keys: type, key and principal. */
  oldKey: string
  newKey: string
  /** ISO 8601 in UTC. */
  at: string
  by: string
  reason: string | null
}

/** A rotation as it is kept: the exact bytes that the old key signed, and its armored signature. */
export interface KeyRotation {
  statementText: string
  signature: string
}

/** Where an instance keeps its key, its rotations, and a rotation that is committed and not finished. */
export const instanceFiles = (folder: string) => ({
  keyFile: join(folder, 'instance_key'),
  rotations: join(folder, 'instance_key.rotations'),
  committed: join(folder, 'instance_key.rotation'),
})

/**
 * Reads all rotations of the instance whose key is in the folder, in the order of their times. Empty before the first one. The signatures are
 * not verified.
 * @throws STORE_TAMPERED when a file of the rotations is damaged
 */
export async function readKeyRotations(folder: string): Promise<KeyRotation[]> {
  const { rotations, committed } = instanceFiles(folder)
  const found: KeyRotation[] = []
  // In the order in which a rotation that is being finished moves, so that none is missed.
  for (const place of [committed, rotations]) {
    const names = (await readdir(place).catch(() => [])).filter((name) => name.endsWith('.json'))
    for (const name of names) {
      const text = await readFile(join(place, name), 'utf8').catch(() => null)
      if (text !== null) found.push(parseRotation(text, join(place, name)))
    }
  }
  return found.sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))
}

function parseRotation(text: string, file: string): KeyRotation {
  try {
    const rotation = JSON.parse(text) as KeyRotation
    readRotationStatement(rotation)
    return rotation
  } catch (cause) {
    throw new CutterError('STORE_TAMPERED', `${file} is damaged: it is not the rotation of a key`, {
      next: 'restore the file from your backup',
      cause,
    })
  }
}

/** Reads the statement of a rotation. */
export function readRotationStatement({ statementText }: KeyRotation): RotationStatement {
  return JSON.parse(statementText) as RotationStatement
}

/**
 * Finds the rotations that lead to a key (the line of its `.pub` file): the one that made it, then the one that made the key before, and so on.
 * Each is used once, so a circle ends too. The signatures are not verified.
 */
export function rotationsLeadingTo(
  publicKey: string,
  rotations: KeyRotation[],
): { rotation: KeyRotation; statement: RotationStatement }[] {
  const left = rotations.map((rotation) => ({ rotation, statement: readRotationStatement(rotation) }))
  const chain: typeof left = []
  for (let key = publicKey; ; key = chain.at(-1)!.statement.oldKey) {
    const at = left.findIndex(({ statement }) => statement.newKey === key)
    if (at < 0) return chain
    chain.push(...left.splice(at, 1))
  }
}

const timeOf = (rotation: KeyRotation) => readRotationStatement(rotation).at

/**
 * Finishes a rotation that is committed: moves its statement, then the private key, then the public key into place. Every move may be done by
 * any process, once; a process that died in between leaves the rest to the next one.
 */
export async function finishRotation(folder: string): Promise<void> {
  const { keyFile, rotations, committed } = instanceFiles(folder)
  const names = await readdir(committed).catch(() => null)
  if (names === null) return
  await mkdir(rotations, { recursive: true, mode: 0o700 })
  for (const name of names.filter((one) => one.endsWith('.json')))
    await moveOnce(join(committed, name), join(rotations, name))
  await moveOnce(join(committed, 'key'), keyFile)
  await moveOnce(join(committed, 'key.pub'), `${keyFile}.pub`)
  // Another process may have removed it, or committed the next rotation.
  await rmdir(committed).catch(() => {})
}

function moveOnce(from: string, to: string): Promise<void> {
  return rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
