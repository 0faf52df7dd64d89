import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  consistencyProof,
  hashLeaf,
  inclusionProof,
  rootByInclusion,
  rootOf,
} from '../../../src/bundle/when/merkle-tree.ts'
import { continuesTree } from '../../support/log-witness.ts'

const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => hashLeaf(`closeout ${index}`))
const SIZES = Array.from({ length: 34 }, (_, size) => size)

describe('a Merkle tree', () => {
  test('has the roots that RFC 6962 defines', () => {
    const sha = (hex: string) => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex')
    expect(rootOf([]).toString('hex')).toBe(sha(''))
    const [one, two] = ['00', '0010'].map(sha)
    expect(hashLeaf('').toString('hex')).toBe(one)
    const three = [hashLeaf(''), hashLeaf(Buffer.from([0x10])), hashLeaf('')]
    expect(rootOf(three).toString('hex')).toBe(sha(`01${sha(`01${one}${two}`)}${one}`))
  })

  test('proves each of its leaves at its own place, and nothing else', () => {
    for (const size of SIZES) {
      const leaves = leavesOf(size)
      const root = rootOf(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const proof = inclusionProof(leaves, index)
        expect(rootByInclusion(leaf, { index, size, proof }), `${index} of ${size}`).toEqual(root)
        expect(rootByInclusion(hashLeaf('other'), { index, size, proof })).not.toEqual(root)
        expect(rootByInclusion(leaf, { index: size, size, proof })).toBeNull()
        expect(rootByInclusion(leaf, { index, size, proof: [...proof, root] })).toBeNull()
        if (size > 1) expect(rootByInclusion(leaf, { index, size, proof: proof.slice(1) })).not.toEqual(root)
      }
    }
  })

  test('proves to a witness that it continues each of its beginnings, and no other tree', () => {
    for (const size of SIZES.slice(1)) {
      const leaves = leavesOf(size)
      const now = { size, root: rootOf(leaves) }
      for (const old of SIZES.slice(1, size + 1)) {
        const before = { size: old, root: rootOf(leaves.slice(0, old)) }
        const proof = consistencyProof(leaves, old)
        expect(continuesTree(before, now, proof), `${old} to ${size}`).toBe(true)
        expect(continuesTree({ ...before, root: hashLeaf('other') }, now, proof), `${old} to ${size}`).toBe(
          false,
        )
      }
    }
  })
})
