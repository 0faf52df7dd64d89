import { sha256 } from '../../domain/json.ts'
import type { ArtifactEntry } from './artifact-entry.ts'

/** The hashes of a tree. The usual tools give the same where the artifact is extracted. */
export interface TreeHashes {
  /** SHA-256 over `sha256sum`'s lines of all files, sorted by path, as in `find -type f | sort | xargs sha256sum | sha256sum`. */
  treeHash: string
  /** SHA-256 over kind, mode, link target and path of everything, sorted. */
  shapeHash: string
  /** Number of files. */
  files: number
}

const LETTER = { file: 'f', directory: 'd', symlink: 'l' }

/** Computes the hashes of a tree from its entries, in the order of `LC_ALL=C sort`. */
export function hashTree(entries: ArtifactEntry[]): TreeHashes {
  const files = entries.filter(({ type }) => type === 'file')
  const lines = files.map(({ path, sha256 }) => ({
    key: Buffer.from(`./${path}`),
    line: `${formatSum(sha256!, `./${path}`)}\n`,
  }))
  const shapes = entries.map(({ type, mode, target = '', path }) => {
    // On Linux a link's own mode is always 777, whatever the archive says.
    const bits = type === 'symlink' ? '777' : mode.toString(8)
    return Buffer.from(`${LETTER[type]} ${bits} ${target} ${path}\0`)
  })
  return {
    treeHash: sha256(
      lines
        .sort((a, b) => Buffer.compare(a.key, b.key))
        .map(({ line }) => line)
        .join(''),
    ),
    shapeHash: sha256(Buffer.concat(shapes.sort(Buffer.compare))),
    files: files.length,
  }
}

/** A line of `sha256sum`, which escapes a backslash in a name and marks that by a backslash before the line. */
export const formatSum = (sha256: string, path: string) =>
  path.includes('\\') ? `\\${sha256}  ${path.replaceAll('\\', '\\\\')}` : `${sha256}  ${path}`

/** The hash and path of such a line; null for another line. */
export function readSum(line: string): { path: string; sha256: string } | null {
  const [, mark, sha256, path] = /^(\\?)([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
  if (sha256 === undefined || path === undefined) return null
  return { sha256, path: mark === '' ? path : path.replaceAll('\\\\', '\\') }
}
