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

/** Computes the hashes of a tree from its entries. */
export function hashTree(entries: ArtifactEntry[]): TreeHashes {
  const files = entries.filter(({ type }) => type === 'file')
  const lines = files.map(({ path, sha256 }) => ({
    key: `./${path}`,
    line: `${formatSum(sha256!, `./${path}`)}\n`,
  }))
  const shapes = entries.map(({ type, mode, target = '', path }) => {
    // On Linux a link's own mode is always 777, whatever the archive says.
    const bits = type === 'symlink' ? '777' : mode.toString(8)
    return `${LETTER[type]} ${bits} ${target} ${path}\0`
  })
  return {
    treeHash: sha256(
      lines
        .sort((a, b) => compareBytes(a.key, b.key))
        .map(({ line }) => line)
        .join(''),
    ),
    shapeHash: sha256(shapes.sort(compareBytes).join('')),
    files: files.length,
  }
}

/** The order of `LC_ALL=C sort`. */
const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** A line of `sha256sum`, which escapes a backslash in a name and marks that by a backslash before the line. */
export const formatSum = (sha256: string, path: string) =>
  path.includes('\\') ? `\\${sha256}  ${path.replaceAll('\\', '\\\\')}` : `${sha256}  ${path}`
