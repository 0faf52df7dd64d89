import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { findRepository } from '../../effects/deploy/find-repository.ts'
import { INPUT_LIMITS } from './input-limits.ts'

/** Whether a real path lies below a folder of inputs. */
type Belongs = (path: string) => boolean

const MAX_BYTES = INPUT_LIMITS.file
/** What a migration bundle consists of. */
export const PART_OF_BUNDLE = /\.(sql|ya?ml)$/

/**
 * Keeps a file of a folder of inputs as it is now, so that a run never reads what somebody puts in its place later. Returns the path of the
 * copy, which its SHA-256 names.
 * @param uploads the folder of what callers sent
 * @throws INPUT_REFUSED when it does not lie there any more once it is open, is no file or is too large
 */
export async function snapshotFile(uploads: string, path: string, belongs: Belongs): Promise<string> {
  const bytes = await readInPlace(path, belongs)
  const digest = createHash('sha256').update(bytes).digest('hex')
  mkdirSync(uploads, { recursive: true, mode: 0o700 })
  return place(join(uploads, digest), (draft) => writeFileSync(draft, bytes, { mode: 0o600 }))
}

/**
 * Keeps a migration bundle of a folder of inputs in the same way. Returns the path of the copy, whose last part is the name of the folder.
 * @throws INPUT_REFUSED also when a link leads out of the folders of inputs
 */
export async function snapshotBundle(uploads: string, folder: string, belongs: Belongs): Promise<string> {
  const files: [name: string, bytes: Buffer][] = []
  let left = MAX_BYTES
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    if (!PART_OF_BUNDLE.test(name) || !(await isFile(path))) continue
    const bytes = await readInPlace(path, belongs, left)
    left -= bytes.length
    files.push([name, bytes])
  }
  return placeBundle(uploads, basename(folder), files).path
}

/** Keeps the files of a migration bundle, in the order of their names, under the SHA-256 of its name and of all of them. */
export function placeBundle(
  uploads: string,
  name: string,
  files: [name: string, bytes: Buffer][],
): { path: string; sha256: string } {
  const digest = createHash('sha256').update(`${name}\0`)
  for (const [file, bytes] of files) digest.update(`${file}\0${bytes.length}\0`).update(bytes)
  const sha256 = digest.digest('hex')
  const parent = join(uploads, `bundle-${sha256}`)
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const path = place(join(parent, name), (draft) => {
    mkdirSync(draft, { mode: 0o700 })
    for (const [file, bytes] of files) writeFileSync(join(draft, file), bytes, { mode: 0o600 })
  })
  return { path, sha256 }
}

/**
 * Checks that a repository lies below a folder of inputs with everything that git reads of it: `.git` may name another folder, and objects
 * may come from one.
 * @throws INPUT_REFUSED
 */
export async function assertOwnRepository(folder: string, belongs: Belongs): Promise<void> {
  const repository = await findRepository(await realpath(folder))
  if (repository === null) return
  const { gitFolder, commonFolder } = repository
  for (const part of ['', 'objects', 'refs', 'HEAD', 'packed-refs', 'config'])
    for (const root of new Set([gitFolder, commonFolder])) {
      const real = await realpath(join(root, part)).catch(() => null)
      if (real !== null && !belongs(real)) throw leadsOutError(folder)
    }
  if ((await stat(join(commonFolder, 'objects', 'info', 'alternates')).catch(() => null)) !== null)
    throw leadsOutError(folder)
}

/** A file that is read is the one at the path, and lies where it may: the path may be changed while it is looked at. */
async function readInPlace(path: string, belongs: Belongs, most = MAX_BYTES): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => null)
  if (file === null) throw leadsOutError(path)
  try {
    const opened = await file.stat()
    const real = await realpath(path)
    const there = await stat(real)
    const isSame = opened.ino === there.ino && opened.dev === there.dev
    if (!isSame || !belongs(real)) throw leadsOutError(path)
    if (!opened.isFile()) throw unusableError(path, 'it is no file')
    if (opened.size > most) throw unusableError(path, `there are more than ${MAX_BYTES} bytes`)
    return await readAll(file, most, path)
  } finally {
    await file.close()
  }
}

/** A file may grow while it is read. */
async function readAll(file: FileHandle, most: number, path: string): Promise<Buffer> {
  const bytes = await file.readFile()
  if (bytes.length > most) throw unusableError(path, `there are more than ${MAX_BYTES} bytes`)
  return bytes
}

const isFile = async (path: string) => (await stat(path).catch(() => null))?.isFile() === true

/** Puts something at a path at once, unless it is there, and notes that it was used now. */
function place(path: string, write: (draft: string) => void): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    write(draft)
    renameSync(draft, path)
  } catch (error) {
    // A folder with files is never replaced: it is the same one.
    if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  const now = new Date()
  utimesSync(path, now, now)
  return path
}

function leadsOutError(path: string): CutterError {
  return new CutterError(
    'INPUT_REFUSED',
    `${basename(path)} leads out of the folders of inputs, or was changed while it was looked at; nothing was read`,
    { next: 'name files and folders that lie below inputs with all their parts' },
  )
}

function unusableError(path: string, why: string): CutterError {
  return new CutterError('INPUT_REFUSED', `${basename(path)} can’t be used: ${why}; nothing was started`, {
    next: 'name a smaller file, or another one',
  })
}
