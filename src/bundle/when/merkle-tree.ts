import { createHash } from 'node:crypto'

/** Merkle trees of RFC 6962, section 2.1, over SHA-256. A log is given by the hashes of its leaves, in their order. */

const hash = (...parts: Uint8Array[]) => {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest()
}
const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])

/** The hash of a leaf with this content. */
export const hashLeaf = (content: string | Uint8Array): Buffer => hash(LEAF, Buffer.from(content))
const hashNode = (left: Uint8Array, right: Uint8Array): Buffer => hash(NODE, left, right)

/** The greatest power of two that is smaller than `size`; `size` is above 1. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The root of a tree. */
export function rootOf(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return hash()
  if (leaves.length === 1) return leaves[0]!
  const split = splitOf(leaves.length)
  return hashNode(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** The hashes that lead from a leaf to the root, the leaf's sibling first (section 2.1.1). */
export function inclusionProof(leaves: Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...inclusionProof(left, index), rootOf(right)]
    : [...inclusionProof(right, index - split), rootOf(left)]
}

/** The hashes that show that the tree of the first `oldSize` leaves is the beginning of this one (section 2.1.2). */
export function consistencyProof(leaves: Buffer[], oldSize: number): Buffer[] {
  return oldSize === 0 || oldSize === leaves.length ? [] : subProof(leaves, oldSize, true)
}

function subProof(leaves: Buffer[], oldSize: number, isKnown: boolean): Buffer[] {
  if (oldSize === leaves.length) return isKnown ? [] : [rootOf(leaves)]
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return oldSize <= split
    ? [...subProof(left, oldSize, isKnown), rootOf(right)]
    : [...subProof(right, oldSize - split, false), rootOf(left)]
}

/** The root of a tree of `size` leaves that holds a leaf at `index`, by its inclusion proof; null when the proof has another length. */
export function rootByInclusion(
  leaf: Buffer,
  { index, size, proof }: { index: number; size: number; proof: Buffer[] },
): Buffer | null {
  if (index >= size) return null
  let root = leaf
  let [place, last] = [index, size - 1]
  for (const sibling of proof) {
    if (last === 0) return null
    if (place % 2 === 1 || place === last) {
      root = hashNode(sibling, root)
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)]
    } else root = hashNode(root, sibling)
    ;[place, last] = [Math.floor(place / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : null
}
