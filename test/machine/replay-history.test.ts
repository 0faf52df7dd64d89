import { describe, expect, test } from 'vitest'
import { hashEntry } from '../../src/domain/history.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Step } from '../../src/domain/step.ts'
import { replayHistory } from '../../src/machine/replay-history.ts'
import { recordStep } from '../../src/machine/transition.ts'
import { success } from '../machines/explore-chart.ts'
import { APPROVE, codeOf, identity, toGate, ways } from './chart-paths.ts'
import { AT, cutMachine, nextOf, stepsThrough, stored } from './drive-steps.ts'

describe('replayHistory', () => {
  const rehearsed = stepsThrough(cutMachine, [
    ...toGate,
    APPROVE,
    success('recheck_cut', { planDigest: digestOf('cut plan') }),
  ])
  const historyOf = (steps: Step[]): HistoryEntry[] => steps.map(({ entry }) => entry)
  /** The same history with one entry changed and every hash made to fit again, as a careful forger would. */
  function forged(at: number, change: (entry: HistoryEntry) => HistoryEntry): HistoryEntry[] {
    const entries: HistoryEntry[] = []
    for (const [index, entry] of historyOf(rehearsed).entries()) {
      const previousHash = entries.at(-1)?.hash ?? entry.previousHash
      const changed = { ...(index === at ? change(entry) : entry), previousHash }
      entries.push({ ...changed, hash: hashEntry(changed) })
    }
    return entries
  }

  test('replayHistory gives the digests of the entries for every path through the chart', () => {
    for (const events of ways) {
      const steps = stepsThrough(cutMachine, events)
      expect(replayHistory(cutMachine, identity, historyOf(steps))).toMatchObject(stored(steps.at(-1)!.run))
    }
  })

  test('replayHistory replays records', () => {
    const { run } = rehearsed[0]!
    const noted = recordStep(run, { type: 'cutter.note', text: 'x' }, { at: AT, by: 'alice' })
    const last = nextOf(cutMachine, noted.run, success('source_pin'))
    expect(replayHistory(cutMachine, identity, [rehearsed[0]!.entry, noted.entry, last.entry]).head).toBe(
      last.run.head,
    )
  })

  test('replayHistory accepts an unchanged history that the forger has hashed again', () => {
    expect(
      replayHistory(
        cutMachine,
        identity,
        forged(3, (entry) => entry),
      ).head,
    ).toBe(rehearsed.at(-1)!.run.head)
  })

  test.each([
    [
      'an outcome',
      3,
      (entry: HistoryEntry) => ({
        ...entry,
        event: { ...entry.event, output: { planDigest: digestOf('x') } },
      }),
    ],
    [
      'who approved',
      toGate.length + 1,
      (entry: HistoryEntry) => ({ ...entry, event: { ...entry.event, approvalId: 'ap-2' } }),
    ],
    [
      'which approval was used',
      rehearsed.length - 1,
      (entry: HistoryEntry) => ({ ...entry, event: { ...entry.event, approvalUsed: 'ap-2' } }),
    ],
    [
      'that an approval was used where none was',
      2,
      (entry: HistoryEntry) => ({ ...entry, event: { ...entry.event, approvalUsed: 'ap-1' } }),
    ],
    ['a snapshot’s digest', 2, (entry: HistoryEntry) => ({ ...entry, snapshotDigest: digestOf('x') })],
    ['the state', 2, (entry: HistoryEntry) => ({ ...entry, state: 'CUTPLAN_OK' })],
  ])('replayHistory refuses an edited %s, although all hashes fit', (_, at, change) => {
    expect(codeOf(() => replayHistory(cutMachine, identity, forged(at, change)))).toBe('STORE_TAMPERED')
  })

  test('replayHistory refuses another input and a history without its first entry', () => {
    const entries = historyOf(rehearsed)
    const changed = { ...identity, input: { ...identity.input, document: 'OTHER' } }
    expect(codeOf(() => replayHistory(cutMachine, changed, entries))).toBe('STORE_TAMPERED')
    expect(codeOf(() => replayHistory(cutMachine, identity, entries.slice(1)))).toBe('STORE_TAMPERED')
    expect(codeOf(() => replayHistory(cutMachine, identity, []))).toBe('STORE_TAMPERED')
  })
})
