import { statSync } from 'node:fs'

/** How long a file must have been left alone before its times tell each later change, in milliseconds: a kernel stamps in ticks. */
const SETTLED_MS = 1_000

/**
 * Tells which file lies at a path now: it differs after every change, by device, inode, size and times in nanoseconds. Links are followed.
 * Null for a file that is missing.
 */
export function fileVersion(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return null
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':')
}

/**
 * Remembers what was found out about files, as long as they are the same files. What was found out about a file that was changed just now is
 * not remembered, because a second change within the same tick of the clock would not show.
 */
export function rememberByFile<Found>(): (path: string, find: () => Promise<Found>) => Promise<Found> {
  const known = new Map<string, { version: string; found: Found }>()
  return async (path, find) => {
    const version = fileVersion(path)
    const kept = known.get(path)
    if (kept !== undefined && kept.version === version) return kept.found
    const found = await find()
    const changedAt = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY
    const isSettled = Date.now() - changedAt > SETTLED_MS
    if (version !== null && version === fileVersion(path) && isSettled) known.set(path, { version, found })
    else known.delete(path)
    return found
  }
}
