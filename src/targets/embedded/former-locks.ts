import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Longer than any process of an earlier version held its lock. */
const LONGEST_HELD_MS = 10 * 60_000

/**
 * Removes what killed processes of earlier versions left behind: their lock `embedded.lock`, the guard of it, and the drafts
 * `embedded.lock.<pid>-<random>` that they linked to take it. Nothing makes such files any more. One of the last minutes may belong to a
 * process of such a version that still works.
 * @returns the names of the removed files
 */
export function removeFormerLocks(folder: string, now = Date.now()): string[] {
  const left = readdirSync(folder).filter((name) => /^embedded\.lock(?:$|\.)/.test(name))
  return left.filter((name) => {
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || now - stat.mtimeMs < LONGEST_HELD_MS) return false
    rmSync(path, { force: true })
    return true
  })
}
