import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRunFacts } from '../../src/bundle/run-facts.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { listNamedEvidence } from '../../src/domain/history-facts.ts'
import { canonicalJson, digestOfBytes } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { aBundleMaker, type Bundles, bundleOf, recordIn, verifyBundle } from './bundle-fixture.ts'

/** Bundles with one changed value, whose forger makes everything again that needs no key. */

let at: Bundles
let good: Buffer
let signers: string
beforeAll(async () => {
  at = await aBundleMaker({ need: 2 })
  good = await at.exported(await at.closed('live'))
  signers = at.keys.path('allowed_signers')
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

type Path = (string | number)[]
const pathsIn = (value: unknown): Path[] =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, item]) => {
        const own = Array.isArray(value) ? Number(key) : key
        return [[own], ...pathsIn(item).map((path) => [own, ...path])]
      })
    : []

const SOMETHING: unknown[] = [
  null,
  '',
  'x',
  0,
  1,
  7,
  true,
  [],
  {},
  'approve',
  'APPROVE',
  'live',
  'paused',
  'closed',
]

/** What the change is made in: all that a forger may write. */
const partsOf = ({ genesis, history, approvals, snapshot }: RunRecord) => ({
  ...{ genesis, history, snapshot: JSON.parse(snapshot) },
  statements: approvals.map(({ statementText }) => JSON.parse(statementText)),
})

type Node = { [key: string | number]: Node }
const valueAt = (parts: object, path: Path) => path.reduce((value, key) => value[key]!, parts as Node)

function changed(record: RunRecord, where: number, what: number, among: number): RunRecord {
  const parts = partsOf(structuredClone(record))
  const paths = pathsIn(parts)
  const path = paths[where % paths.length]!
  const parent = valueAt(parts, path.slice(0, -1))
  const key = path.at(-1)!
  // Something else, what stands elsewhere in the bundle, or nothing at all.
  const elsewhere = valueAt(parts, paths[among % paths.length]!)
  if (what % 3 === 0) parent[key] = SOMETHING[what % SOMETHING.length] as Node
  else if (what % 3 === 1) parent[key] = structuredClone(elsewhere)
  else if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
  return again(record, parts)
}

function again(record: RunRecord, parts: ReturnType<typeof partsOf>): RunRecord {
  const { genesis, history } = parts
  const snapshot = JSON.stringify(parts.snapshot)
  let previousHash = history[0]?.previousHash ?? ''
  if (canonicalJson(genesis) !== canonicalJson(record.genesis))
    previousHash = digestOfBytes(canonicalJson(genesis))
  const linked = history.map((entry, index) => {
    const { hash: _, ...rest } = { ...entry, previousHash }
    if (index === history.length - 1) rest.snapshotDigest = digestOfBytes(snapshot)
    previousHash = hashEntry(rest)
    return { ...rest, hash: previousHash }
  })
  const approvals = record.approvals.map((approval, index) => ({
    ...approval,
    ...(parts.statements[index] === undefined
      ? {}
      : { statementText: canonicalJson(parts.statements[index]) }),
  }))
  const evidence = listNamedEvidence(linked)
  const run = readRunFacts(genesis, linked, snapshot) ?? record.run
  return { ...record, genesis, history: linked, snapshot, approvals, evidence, run, closeout: null }
}

describeWithKeys('verify of a bundle with one changed value', () => {
  test('refuses the bundle, or reports as trusted only unchanged entries', async () => {
    const record = await recordIn(good)
    const [first] = (await verifyBundle(good, signers)).ranges
    expect(first).toMatchObject({ trusted: true })
    const numbers = fc.tuple(fc.nat(1e6), fc.nat(1e6), fc.nat(1e6))
    let held = 0
    await fc.assert(
      fc.asyncProperty(numbers, async ([where, what, among]) => {
        let made: RunRecord
        let tar: Buffer
        try {
          made = changed(record, where, what, among)
          tar = await bundleOf(made, good)
        } catch {
          return // Not even a forger could write it down.
        }
        const { holds, firstFault, ranges } = await verifyBundle(tar, signers)
        expect(holds).toBe(firstFault === null)
        if (!holds) return
        held += 1
        const vouched = Math.max(0, ...ranges.filter(({ trusted }) => trusted).map(({ to }) => to))
        expect(made.history.slice(0, vouched)).toEqual(record.history.slice(0, vouched))
        expect(made.genesis).toEqual(vouched > 0 ? record.genesis : made.genesis)
      }),
      { numRuns: 100 },
    )
    expect(held).toBeGreaterThan(0)
  })
})
