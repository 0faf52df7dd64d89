import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../app/open-home.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { assertRole } from './access/assert-role.ts'
import { uploadsFolder } from './access/input-files.ts'

/** The size of an upload at most, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024

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
  const named = JSON.stringify((await openRuns(store)).map(({ input }) => input))
  for (const name of old)
    if (!named.includes(name)) rmSync(join(uploads, name), { recursive: true, force: true })
}

async function openRuns(store: Home['store']): Promise<Run[]> {
  const every = { limit: Number.MAX_SAFE_INTEGER, onTampered: () => {} }
  const lists = (['working', 'paused', 'stopped'] as const).map((status) => store.list({ ...every, status }))
  return (await Promise.all(lists)).flat()
}

async function writeDraft(
  draft: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ sha256: string; bytes: number }> {
  const digest = createHash('sha256')
  let bytes = 0
  const file = await open(draft, 'wx', 0o600)
  try {
    for await (const part of content) {
      bytes += part.length
      if (bytes > MAX_BYTES)
        throw new CutterError('INPUT_REFUSED', `the file has more than ${MAX_BYTES} bytes; it was not kept`, {
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
