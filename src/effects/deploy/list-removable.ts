import type { ArtifactEntry } from './artifact-entry.ts'
import { findFault, isBelow, isCache, type TreeListing } from './tree-listing.ts'

/** A path that the deploy made. */
export type RemovedPath = Omit<ArtifactEntry, 'size'>

/**
 * The paths of a withdrawn tree that a rollback removes: what the plan lists and has its deployed content, what the build made, and caches.
 * Everything else stays: changed files, and whatever came besides.
 */
export function listRemovable(
  listed: RemovedPath[],
  built: string[],
  tree: TreeListing,
): { files: string[]; folders: string[]; stays: string[] } {
  const known = new Map(listed.map((entry) => [entry.path, entry]))
  const roots = new Set(built)
  const files: string[] = []
  const folders: string[] = []
  const stays: string[] = []
  for (const [path, there] of tree) {
    const entry = known.get(path)
    const ours =
      entry === undefined
        ? roots.has(path) || isBelow(path, roots) || isCache(path, tree)
        : findFault(entry, there) === null || there.type === 'd'
    if (there.type === 'd' && ours) folders.push(path)
    else (ours ? files : stays).push(path)
  }
  return { files, folders: folders.sort((a, b) => countParts(b) - countParts(a)), stays }
}

const countParts = (path: string) => path.split('/').length
