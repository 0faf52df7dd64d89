import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import type { HomeIdentity } from '../domain/need.ts'

/**
 * The identity of a home that shares a store with others: an id of its own in `var/home-id`, which the first call makes, and the name of this host.
 * @throws STORE_UNWRITABLE when the file can’t be made or read
 */
export function readHomeIdentity(home: string): HomeIdentity {
  const file = join(home, 'var', 'home-id')
  try {
    return { id: readId(file) ?? makeId(file), host: hostname() }
  } catch (error) {
    throw new CutterError('STORE_UNWRITABLE', `can’t read or make ${file}: ${(error as Error).message}`, {
      next: 'check owner, mode and free space of the folder',
      cause: error,
    })
  }
}

function readId(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The first of several processes decides, and none sees half a file. */
function makeId(file: string): string {
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o711 })
  writeFileSync(draft, `${randomBytes(8).toString('hex')}\n`, { flag: 'wx', mode: 0o644, flush: true })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(file, 'utf8').trim()
}
