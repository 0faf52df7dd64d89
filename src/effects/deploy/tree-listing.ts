import type { HostSession } from './host-session.ts'
import { listPaths, listSums } from './read-commands.ts'
import type { ArtifactEntry } from './scan-artifact.ts'

/** A folder on the host, path by path, as its own tools read it. */
export type TreeListing = Map<string, { type: string; mode: string; target: string; sha256: string | null }>

/** What is taken of a list of a whole tree: a few hundred thousand files. */
export const MAX_LISTING_BYTES = 64 * 1024 * 1024

export async function listTree(hand: HostSession, folder: string): Promise<TreeListing> {
  const [shape, hashes] = [await all(hand, folder, listPaths), await all(hand, folder, listSums)]
  const sha256 = new Map(
    hashes
      .split('\0')
      .filter((line) => line !== '')
      .map((line): [string, string] => [line.slice(66).replace(/^\.\//, ''), line.slice(0, 64)]),
  )
  const contents: TreeListing = new Map()
  const fields = shape.split('\0')
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [type = '', mode = '', target = '', path = ''] = fields.slice(at, at + 4)
    contents.set(path, { type, mode, target, sha256: sha256.get(path) ?? null })
  }
  return contents
}

async function all(hand: HostSession, folder: string, look: typeof listPaths): Promise<string> {
  const { exitCode, stdout, stderr, truncated } = await hand.run(look(folder), {
    maxOutputBytes: MAX_LISTING_BYTES,
  })
  if (exitCode === 0 && !truncated) return stdout.toString('utf8')
  throw new Error(
    `${folder} can't be read on the host: ${truncated ? 'it holds too much' : stderr.toString('utf8').trim().slice(0, 300)}`,
  )
}

const LETTER = { file: 'f', directory: 'd', symlink: 'l' }

/** What is not as it was made, a line each. What is missing and what came besides is told apart: it may be expected. */
export function compareTree(
  entries: Omit<ArtifactEntry, 'size'>[],
  found: TreeListing,
): { faults: string[]; missing: string[]; besides: string[] } {
  const left = new Map(found)
  const faults: string[] = []
  const missing: string[] = []
  for (const { path, type, mode, target = '', sha256 } of entries) {
    const there = left.get(path)
    left.delete(path)
    if (there === undefined) missing.push(`${path} is missing`)
    else if (there.type !== LETTER[type]) faults.push(`${path} is another kind of file`)
    else if (type === 'file' && there.sha256 !== sha256) faults.push(`${path} has other bytes`)
    else if (type === 'symlink' ? there.target !== target : modeOf(there) !== mode)
      faults.push(`${path} has another ${type === 'symlink' ? 'target' : 'mode'}`)
  }
  return { faults, missing, besides: [...left.keys()] }
}

/** A folder may have its group's bit from the one above it. */
const modeOf = ({ type, mode }: { type: string; mode: string }) =>
  Number.parseInt(mode, 8) & (type === 'd' ? ~0o2000 : ~0)

const OF_TOOLS = ['.pytest_cache', '.mypy_cache', '.ruff_cache']

/** What interpreters leave beside the files that they read, and what tools that check them keep for their next time. */
export function isCache(path: string, found: TreeListing): boolean {
  const parts = path.split('/')
  if (parts.some((part) => OF_TOOLS.includes(part))) return true
  return found.get(path)?.type === 'd' ? parts.at(-1) === '__pycache__' : path.endsWith('.pyc')
}
