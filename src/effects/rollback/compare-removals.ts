import { compareTree, isCache, type TreeListing } from '../deploy/tree-listing.ts'
import type { RemovedPath } from './plan.ts'

/** Compares a tree with the list of paths to remove. Every other path is a fault, apart from caches, which are removed too. */
export function compareRemovals(
  list: RemovedPath[],
  tree: TreeListing,
): { faults: string[]; missing: string[]; caches: RemovedPath[] } {
  const { faults, missing, besides } = compareTree(list, tree)
  const others = besides.filter((path) => !isCache(path, tree))
  const caches = besides
    .filter((path) => isCache(path, tree))
    .map((path): RemovedPath => {
      const { type, mode, sha256 } = tree.get(path)!
      const kind = type === 'd' ? 'directory' : 'file'
      return {
        path,
        type: kind,
        mode: Number.parseInt(mode, 8),
        ...(sha256 === null ? {} : { sha256 }),
        cache: true,
      }
    })
  return { faults: [...faults, ...others.map((path) => `${path} was added`)], missing, caches }
}
