import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertRole } from '../access/assert-role.ts'
import { uploadsFolder } from '../access/input-files.ts'
import { type LintedMigration, lintMigration } from './lint.ts'

/** What a migration bundle consists of: files of one folder. */
const PART = /^[\w][\w.-]{0,99}\.(sql|ya?ml)$/
/** Files of a bundle at most. */
const MAX_FILES = 20

/** What is answered: as `migrate lint` answers it, with the name by which a run takes the bundle. */
export interface KeptMigration extends Omit<LintedMigration, 'bundle'> {
  /** `upload:<sha256>`; null where the bundle has faults, and is not kept. */
  bundle: string | null
}

/**
 * Takes the files of a migration bundle, checks them, and keeps a bundle without faults for runs. It starts nothing.
 * @throws ACCESS_REFUSED; INPUT_REFUSED when a name is none of a file of a bundle, or there is no bundle.yaml
 */
export async function keepMigration(
  home: Home,
  { files }: { files: { [name: string]: string } },
): Promise<KeptMigration> {
  assertRole(home, 'propose migrations')
  const names = Object.keys(files).sort()
  assertNames(names)
  const uploads = uploadsFolder(home.folder)
  const draft = join(uploads, `.${randomBytes(8).toString('hex')}`)
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  try {
    const digest = createHash('sha256')
    for (const name of names) {
      const bytes = Buffer.from(files[name]!, 'utf8')
      digest.update(`${name}\0${bytes.length}\0`).update(bytes)
      writeFileSync(join(draft, name), bytes, { flag: 'wx', mode: 0o600 })
    }
    const { bundle: _, ...linted } = await lintMigration(home, { folder: draft })
    return { bundle: linted.ok ? keep(draft, uploads, digest.digest('hex')) : null, ...linted }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function assertNames(names: string[]): void {
  const why = findNameFault(names)
  if (why === null) return
  throw new CutterError('INPUT_REFUSED', `${why}; nothing was kept`, {
    next: 'name bundle.yaml, and files such as migration.sql, without a folder',
  })
}

function findNameFault(names: string[]): string | null {
  const wrong = names.find((name) => !PART.test(name))
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is no name of a file of a migration bundle`
  if (names.length > MAX_FILES)
    return `a migration bundle has ${MAX_FILES} files at most, not ${names.length}`
  return names.includes('bundle.yaml') ? null : 'a migration bundle has a file bundle.yaml'
}

function keep(draft: string, uploads: string, sha256: string): string {
  const folder = join(uploads, sha256)
  if (!existsSync(folder)) renameSync(draft, folder)
  const now = new Date()
  utimesSync(folder, now, now)
  return `upload:${sha256}`
}
