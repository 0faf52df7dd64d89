import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findHistoryFault, genesisHash, hashEntry } from '../../src/domain/history.ts'
import type { HistoryEntry, RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { firstStep, stepAfter } from '../store/step-fixture.ts'

function aHistory(length: number): { run: Run; entries: HistoryEntry[] } {
  const steps = [firstStep()]
  while (steps.length < length)
    steps.push(stepAfter(steps.at(-1)!.run, { event: { type: `E${steps.length}` } }))
  return { run: steps.at(-1)!.run, entries: steps.map(({ entry }) => entry) }
}

describe('the hash of an entry', () => {
  test('is the digest of the canonical form of all other fields, for any operator and event', () => {
    const { hash: _, ...entry } = aHistory(1).entries[0]!
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.jsonValue()), (by, facts) => {
        const edited = { ...entry, by, event: { ...facts, type: 'E' } as RunEvent }
        expect(hashEntry(edited)).toBe(digestOf(edited))
      }),
    )
  })

  test('differs when any field does', () => {
    const [entry] = aHistory(1).entries
    const changes: Partial<HistoryEntry>[] = [
      { seq: 2 },
      { at: '2027-01-01T00:00:00.000Z' },
      { event: { type: 'other' } },
      { by: 'mallory' },
      { state: 'MARKED' },
      { status: 'closed' },
      { snapshotDigest: digestOf('x') },
      { previousHash: digestOf('x') },
    ]
    const hashes = changes.map((change) => hashEntry({ ...entry!, ...change }))
    expect(new Set([entry!.hash, ...hashes]).size).toBe(changes.length + 1)
  })
})

describe('findHistoryFault', () => {
  test('finds no fault in a sound history', () => {
    const { run, entries } = aHistory(5)
    expect(findHistoryFault(run, entries)).toBeNull()
  })

  test.each([
    ['is empty', () => [], 'the history is empty'],
    ['lacks its first entry', (e: HistoryEntry[]) => e.slice(1), 'entry 1 is missing'],
    ['lacks an entry', (e: HistoryEntry[]) => e.filter(({ seq }) => seq !== 3), 'entry 3 is missing'],
    ['has one twice', (e: HistoryEntry[]) => [...e.slice(0, 2), ...e.slice(1)], 'entry 2 occurs twice'],
    [
      'has one edited',
      (e: HistoryEntry[]) => e.map((entry) => (entry.seq === 3 ? { ...entry, by: 'mallory' } : entry)),
      'entry 3 was edited',
    ],
    [
      'has one edited with a new hash',
      (e: HistoryEntry[]) =>
        e.map((entry) =>
          entry.seq === 3 ? { ...entry, by: 'm', hash: hashEntry({ ...entry, by: 'm' }) } : entry,
        ),
      'entry 4 does not follow entry 3',
    ],
  ])('finds the fault of a history that %s', (_, change, fault) => {
    const { run, entries } = aHistory(5)
    expect(findHistoryFault(run, change(entries))).toBe(fault)
  })

  test.each([
    ['input', { input: { documentId: 'OTHER' } }],
    ['mode', { mode: 'live' }],
    ['starter', { startedBy: 'mallory' }],
    ['definition', { definitionDigest: digestOf('x') }],
    ['key', { startKey: 'k' }],
    ['id', { runId: 'other' }],
  ] as const)('vouches for its run’s %s too', (_, change) => {
    const { run, entries } = aHistory(2)
    expect(findHistoryFault({ ...run, ...change } as Run, entries)).toMatch(/^the run’s facts/)
  })

  test('starts the chain from the facts of the run that never change', () => {
    const { run } = aHistory(2)
    expect(genesisHash({ ...run, ...({ seq: 9, state: 'X' } as object) })).toBe(genesisHash(run))
  })
})
