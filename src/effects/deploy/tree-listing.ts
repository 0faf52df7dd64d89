import type { ArtifactEntry } from './artifact-entry.ts'
import type { HostSession } from './host-session.ts'
import { listPaths, listSums } from './read-commands.ts'

/** A folder on the host as its own tools read it, by path. `mode`: octal digits. */
export type TreeListing = Map<string, TreeEntry>

interface TreeEntry {
  type: string
  mode: string
  target: string
  /** Of a file; null where it could not be read. Left out where no file was hashed. */
  sha256?: string | null
}

/** Bytes of a list of a complete tree that are accepted: enough for a few hundred thousand files. */
export const MAX_LISTING_BYTES = 64 * 1024 * 1024

/** Lists a folder on the host, with the SHA-256 of every file. Throws when the folder can't be read completely. */
export async function listTree(session: HostSession, folder: string): Promise<TreeListing> {
  const [shape, hashes] = await Promise.all([listShape(session, folder), readAll(session, folder, listSums)])
  const sha256 = new Map(
    hashes
      .split('\0')
      .filter((line) => line !== '')
      .map((line): [string, string] => [line.slice(66).replace(/^\.\//, ''), line.slice(0, 64)]),
  )
  for (const [path, entry] of shape) entry.sha256 = sha256.get(path) ?? null
  return shape
}

/** Lists a folder on the host without hashes. Throws when the folder can't be read completely. */
export async function listShape(session: HostSession, folder: string): Promise<TreeListing> {
  const contents: TreeListing = new Map()
  const fields = (await readAll(session, folder, listPaths)).split('\0')
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [type = '', mode = '', target = '', path = ''] = fields.slice(at, at + 4)
    contents.set(path, { type, mode, target })
  }
  return contents
}

async function readAll(session: HostSession, folder: string, command: typeof listPaths): Promise<string> {
  const { exitCode, stdout, stderr, truncated } = await session.run(command(folder), {
    maxOutputBytes: MAX_LISTING_BYTES,
  })
  if (exitCode === 0 && !truncated) return stdout.toString('utf8')
  throw new Error(
    `${folder} can't be read on the host: ${truncated ? 'it holds too much' : stderr.toString('utf8').trim().slice(0, 300)}`,
  )
}

const LETTER = { file: 'f', directory: 'd', symlink: 'l' }

/**
 * Compares a tree with its entries. `faults`: one line for each changed path. Missing and added paths are listed apart, because they may
 * be expected. Paths that `isMutable` names may be anything, and are left out.
 */
export function compareTree(
  entries: Omit<ArtifactEntry, 'size'>[],
  found: TreeListing,
  isMutable: (path: string) => boolean = () => false,
): { faults: string[]; missing: string[]; besides: string[] } {
  const left = new Map(found)
  const faults: string[] = []
  const missing: string[] = []
  for (const entry of entries) {
    const { path } = entry
    const there = left.get(path)
    left.delete(path)
    if (isMutable(path)) continue
    const fault = there === undefined ? null : findFault(entry, there)
    if (there === undefined) missing.push(`${path} is missing`)
    else if (fault !== null) faults.push(`${path} ${fault}`)
  }
  return { faults, missing, besides: [...left.keys()].filter((path) => !isMutable(path)) }
}

/** How a path differs from its entry, as the end of a sentence; null when it does not. */
export function findFault(
  { type, mode, target = '', sha256 }: Omit<ArtifactEntry, 'size' | 'path'>,
  there: TreeEntry,
): string | null {
  if (there.type !== LETTER[type]) return 'is another kind of file'
  if (type === 'file' && there.sha256 !== undefined && there.sha256 !== sha256) return 'has other bytes'
  if (type === 'symlink') return there.target === target ? null : 'has another target'
  return readMode(there) === mode ? null : 'has another mode'
}

/** A folder may inherit the set-group-id bit from the folder above it. */
const readMode = ({ type, mode }: { type: string; mode: string }) =>
  Number.parseInt(mode, 8) & (type === 'd' ? ~0o2000 : ~0)

const TOOL_CACHES = ['.pytest_cache', '.mypy_cache', '.ruff_cache']

/** Whether a path is a cache: what interpreters leave next to the files that they read, and what checking tools keep for their next run. */
export function isCache(path: string, found: TreeListing): boolean {
  const parts = path.split('/')
  if (parts.some((part) => TOOL_CACHES.includes(part))) return true
  return found.get(path)?.type === 'd' ? parts.at(-1) === '__pycache__' : path.endsWith('.pyc')
}

/** Whether a folder above the path is in the set. */
export function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    if (folders.has(path.slice(0, end))) return true
  return false
}
