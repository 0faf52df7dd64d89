import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../app/open-home.ts'
import { CutterError } from '../domain/errors.ts'
import { eachRun } from '../store/each-run.ts'
import { assertRole } from './access/assert-role.ts'
import { findUpload, uploadsFolder } from './access/input-files.ts'
import { COUNT_LIMITS, GIT_BUNDLE, INPUT_LIMITS } from './access/input-limits.ts'
import { PART_OF_BUNDLE, placeBundle } from './access/snapshot-input.ts'

/** What the service answers to an upload. */
export interface UploadAnswer {
  /** Names the file in the input of a run: `upload:<sha256>`. */
  upload: string
  sha256: string
  bytes: number
}

/**
 * Keeps a file that a caller sends, under its SHA-256. The same bytes are kept once.
 * @throws ACCESS_REFUSED, INPUT_REFUSED when there are too many bytes
 */
export async function keepUpload(home: Home, content: AsyncIterable<Uint8Array>): Promise<UploadAnswer> {
  assertRole(home, 'upload files')
  const folder = uploadsFolder(home.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = join(folder, `.${randomBytes(8).toString('hex')}`)
  try {
    const { sha256, bytes } = await writeDraft(draft, content)
    renameSync(draft, join(folder, sha256))
    return { upload: `upload:${sha256}`, sha256, bytes }
  } finally {
    rmSync(draft, { force: true })
  }
}

export interface FolderInput {
  /** The name of the folder, which is that of the migration. */
  name: string
  /** The files by their names, each as `upload:<sha256>`. */
  files: { [name: string]: string }
}

/** What the service answers to a folder. */
export interface FolderAnswer extends UploadAnswer {
  files: number
}

/** A name without folders. */
const PLAIN_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_ .@+-]{0,199}$/u

/**
 * Makes a folder of files that a caller has uploaded: a migration bundle. The same files under the same names are kept once.
 * @throws ACCESS_REFUSED, INPUT_REFUSED when a name is none of a part of a bundle, a file was not uploaded, or there is too much
 */
export async function keepFolder(home: Home, { name, files }: FolderInput): Promise<FolderAnswer> {
  assertRole(home, 'upload files')
  const names = Object.keys(files).sort()
  const odd = [name, ...names].find((one) => !PLAIN_NAME.test(one))
  if (odd !== undefined) throw notKeptError(`${JSON.stringify(odd)} is no plain name`)
  const foreign = names.find((one) => !PART_OF_BUNDLE.test(one))
  if (foreign !== undefined) throw notKeptError(`${foreign} is no SQL or YAML file`)
  if (names.length === 0 || names.length > COUNT_LIMITS.folder)
    throw notKeptError(`it has ${names.length} files, and 1 to ${COUNT_LIMITS.folder} are taken`)
  let bytes = 0
  const kept: [string, Buffer][] = []
  for (const one of names) {
    const [, sha256] = /^upload:([0-9a-f]{64})$/.exec(files[one]!) ?? []
    if (sha256 === undefined) throw notKeptError(`${one} is named by no upload:<sha256>`)
    const path = findUpload(home.folder, sha256)
    const found = statSync(path)
    bytes += found.size
    if (!found.isFile()) throw notKeptError(`${one} is a folder`)
    if (bytes > INPUT_LIMITS.folder) throw notKeptError(`it has more than ${INPUT_LIMITS.folder} bytes`)
    kept.push([one, await readFile(path)])
  }
  const { sha256 } = placeBundle(uploadsFolder(home.folder), name, kept)
  return { upload: `upload:${sha256}`, sha256, bytes, files: names.length }
}

const notKeptError = (why: string) =>
  new CutterError('INPUT_REFUSED', `the folder can’t be a migration bundle: ${why}; it was not kept`, {
    next: 'upload each .sql and .yaml file of it, and name them: { name, files: { "bundle.yaml": "upload:<sha256>" } }',
  })

/** How long an upload is kept that no open run names, in milliseconds. */
const KEPT_MS = 7 * 86_400_000

/** Removes what callers sent a week ago or earlier and no open run names. Drafts of uploads that were cut short are removed, too. */
export async function pruneUploads(
  { folder, store }: Pick<Home, 'folder' | 'store'>,
  now = Date.now(),
): Promise<void> {
  const uploads = uploadsFolder(folder)
  if (!existsSync(uploads)) return
  const old = readdirSync(uploads).filter((name) => {
    const found = statSync(join(uploads, name), { throwIfNoEntry: false })
    return found !== undefined && now - found.mtimeMs > KEPT_MS
  })
  if (old.length === 0) return
  for (const name of await namedByNobody(store, old))
    rmSync(join(uploads, name), { recursive: true, force: true })
}

/** Those of the names that no open run has in its input. */
async function namedByNobody(store: Home['store'], names: string[]): Promise<Set<string>> {
  const left = new Set(names)
  // By status, a run that is moved meanwhile might be read in neither.
  for await (const { status, input } of eachRun(store, { onTampered: () => {} })) {
    if (status === 'closed') continue
    const text = JSON.stringify(input)
    for (const name of left) if (text.includes(name)) left.delete(name)
  }
  return left
}

async function writeDraft(
  draft: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ sha256: string; bytes: number }> {
  const digest = createHash('sha256')
  let bytes = 0
  let most: number = INPUT_LIMITS.file
  const file = await open(draft, 'wx', 0o600)
  try {
    for await (const part of content) {
      // The first part of a request has its first line.
      if (bytes === 0 && GIT_BUNDLE.test(Buffer.from(part.subarray(0, 32)).toString('latin1')))
        most = INPUT_LIMITS.gitBundle
      bytes += part.length
      if (bytes > most)
        throw new CutterError('INPUT_REFUSED', `the file has more than ${most} bytes; it was not kept`, {
          next: 'have the owner of cutter.yaml name its folder under inputs',
        })
      digest.update(part)
      await file.writeFile(part)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { sha256: digest.digest('hex'), bytes }
}
