import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Jiti, TransformOptions, TransformResult } from 'jiti'
import { findWritableByOthers } from '../approvals/file-permissions.ts'

/**
 * What the loader makes of modules, so that the next process need not load its compiler, which is half of the work of a cold command. A file is
 * named by a digest of all that it is made from: source, path, options and version of the compiler.
 *
 * A source may hold a secret, which no file of a home may hold. So a file is encrypted with another digest of what it is made from: only who can
 * read the source can read it.
 *
 * A file runs instead of the module, so it counts only where nobody else could have written it, as a module does. That gives no new power where
 * the store, next to it, also chooses which modules run. Where it doesn't (`approvals.strict: owner`), nothing is kept.
 */

type Transform = (options: TransformOptions) => TransformResult

/** How many are kept. An earlier one goes when a module was edited more often than that. */
const MOST_KEPT = 100

/**
 * Wraps the transform of a loader.
 * @param folder where the files are kept; it is made when the first one is, if the folder above it is there
 * @param transform makes what is not kept yet
 */
export const keepTransforms =
  (folder: string, transform: Jiti['transform']): Transform =>
  (options) => {
    const made = JSON.stringify([version, options])
    const file = join(folder, `${hash('sha256', `name of ${made}`)}.sealed`)
    const key = hash('sha256', `key of ${made}`, 'buffer')
    const kept = read(file, key)
    if (kept !== null) return { code: kept }
    const code = transform(options)
    // A source that can't be read becomes code that throws. Its author will edit it.
    if (!code.includes(FAILED)) keep(folder, file, seal(code, key))
    return { code }
  }

/** The version of the compiler. */
const { version } = createRequire(import.meta.url)('jiti/package.json') as { version: string }

/** What the loader puts into the code of a source with an error. */
const FAILED = '__JITI_ERROR__'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The nonce, the tag, and the code as it is encrypted. */
function seal(code: string, key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce)
  const encrypted = Buffer.concat([cipher.update(code, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted])
}

/** Null where there is none, where it is damaged, or where somebody else could have written it. */
function read(file: string, key: Buffer): string | null {
  try {
    const bytes = readFileSync(file)
    const encryptedAt = NONCE_BYTES + TAG_BYTES
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, encryptedAt))
    const code = decipher.update(bytes.subarray(encryptedAt), undefined, 'utf8') + decipher.final('utf8')
    return isWrittenByOwner(file) ? code : null
  } catch {
    return null
  }
}

function isWrittenByOwner(file: string): boolean {
  const uid = process.geteuid?.()
  return uid === undefined || findWritableByOthers(file, uid) === null
}

/** A home that can't be written keeps none, nor one in which nothing was started yet: help about a machine changes nothing. */
function keep(folder: string, file: string, sealed: Buffer): void {
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, sealed, { mode: 0o600 })
    renameSync(draft, file)
    removeOldest(folder)
  } catch {}
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder)
  if (names.length <= MOST_KEPT) return
  const ages = names.map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
  for (const { name } of ages.sort((a, b) => b.at - a.at).slice(MOST_KEPT)) rmSync(join(folder, name))
}
