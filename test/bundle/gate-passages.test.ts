import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { pathOfCountersignature, pathOfEvidence } from '../../src/bundle/bundle-paths.ts'
import { readGatePassages } from '../../src/bundle/gate-passages.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Outcome, Run } from '../../src/domain/run.ts'
import { approvalFor, aWorld, type Script, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure, success } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'

/** What a reader without the chart can tell of a run's gates: of runs as the engine makes them, and of histories made up. */

let world: World
afterEach(() => world?.store.close())
afterAll(removeFolders)

async function through(script: Script, decisions: ('approve' | 'reject')[]): Promise<Run> {
  world = aWorld(script)
  let run = await start(world)
  const left = [...decisions]
  while (run.status !== 'closed') {
    if (run.status !== 'paused') run = await world.engine.resume(run.runId, {})
    else {
      const { approvalId } = await approvalFor(world, run, left.shift() ?? 'approve')
      await world.engine.resume(run.runId, { approvalId }).catch(() => null)
      run = (await world.store.run(run.runId))!
    }
  }
  return run
}

async function passagesOfRun({ runId, outcome }: Run) {
  const passages = readGatePassages(await world.store.history(runId), outcome)
  return passages.map(({ usedSeq }) => usedSeq)
}

const usedSeqs = async ({ runId }: Run) =>
  (await world.store.approvals(runId)).flatMap(({ usedSeq }) => usedSeq ?? []).sort((a, b) => a - b)

/** Says otherwise once for each of these, in their order. */
function except(...outcomes: [name: string, event: ReturnType<Script>][]): Script {
  const left = [...outcomes]
  return (name) => (left[0]?.[0] === name ? left.shift()![1] : succeeds(name))
}

describe('the gates that a history shows', () => {
  const phases = ['source_pin', 'recheck_cut', 'cut_leg_a', 'write_verify', 'recheck_lifecycle', 'closeout']
  test.each([
    ['straight on', succeeds],
    ...phases.map((phase) => [
      `${phase} failing twice`,
      except([phase, failure(phase)], [phase, failure(phase)]),
    ]),
    [
      'drift at the first gate',
      except(
        ['recheck_cut', success('recheck_cut', { planDigest: digestOf('new') })],
        ['recheck_cut', success('recheck_cut', { planDigest: digestOf('new') })],
      ),
    ],
  ] as [string, Script][])('are passed where the engine used the approvals: %s', async (_, script) => {
    const run = await through(script, [])
    expect(run.outcome).toBe('succeeded')
    expect(await passagesOfRun(run)).toEqual(await usedSeqs(run))
    expect(await passagesOfRun(run)).toHaveLength(2)
  })

  test('include the gate of a rejection, and none of a cancelled run', async () => {
    const rejected = await through(succeeds, ['approve', 'reject'])
    expect(rejected.outcome).toBe('rejected')
    expect(await passagesOfRun(rejected)).toEqual(await usedSeqs(rejected))
    await world.store.close()
    world = aWorld(succeeds)
    const cancelled = await world.engine.cancel((await start(world)).runId, { reason: 'no' })
    expect(await passagesOfRun(cancelled)).toEqual([])
  })
})

describe('readGatePassages', () => {
  const AP = 'ap-1'
  /** Entries from words: `paused G`, `working G APPROVE`, `working H`. */
  const history = (...lines: string[]) =>
    lines.map((line, index) => {
      const [status, state, type = 'TICK'] = line.split(' ')
      const event = { type, ...(type === 'APPROVE' ? { approvalId: AP } : {}) }
      return { seq: index + 1, status, state, event } as unknown as HistoryEntry
    })
  const passed = (entries: HistoryEntry[], usedSeq: number | null, outcome: Outcome | null = 'succeeded') => {
    for (const { seq, event } of entries) if (seq === usedSeq) event.approvalUsed = AP
    return readGatePassages(entries, outcome)
  }

  test('returns one passage for an approved gate', () => {
    const entries = history('paused G', 'working G APPROVE', 'working G', 'working H', 'closed I')
    expect(passed(entries, 3)).toEqual([{ approvalId: AP, decidedSeq: 2, usedSeq: 3, state: 'G' }])
  })

  test.each([
    ['with no decision', ['paused G', 'working G', 'working H'], null],
    ['with no decision, in one step', ['paused G', 'working H'], null],
    ['with a decision and nothing used', ['paused G', 'working G APPROVE', 'working H'], null],
    ['with a decision and nothing used, to its end', ['paused G', 'closed G APPROVE'], null],
    [
      'with a decision and nothing used, to the next gate',
      ['paused G', 'working G APPROVE', 'paused H'],
      null,
    ],
    ['under an approval used before it was brought', ['paused G', 'working G APPROVE', 'working H'], 1],
    ['under an approval used after it', ['paused G', 'working G APPROVE', 'working H', 'working I'], 4],
    ['twice under one approval', ['paused G', 'working H APPROVE', 'paused G', 'working H APPROVE'], 2],
    ['after falling back', ['paused G', 'working G APPROVE', 'paused G', 'working H'], null],
  ] as [string, string[], number | null][])('refuses a passage %s', (_, lines, usedSeq) => {
    expect(() => passed(history(...lines), usedSeq)).toThrow(
      /gate in G without a used approval|no decision before it names/,
    )
  })

  test('refuses a passage under an approval that was used before', () => {
    const entries = history('paused G', 'working H APPROVE', 'paused G', 'working H APPROVE')
    entries[1]!.event.approvalUsed = AP
    expect(() => passed(entries, 4)).toThrow('which was used before')
  })

  test('requires a return to the gate after an upgrade during a decision', () => {
    const upgraded = ['paused G', 'working G APPROVE', 'working H cutter.upgraded']
    expect(passed(history(...upgraded, 'paused H', 'working H APPROVE', 'working I'), 6)).toMatchObject([
      { decidedSeq: 5, usedSeq: 6, state: 'H' },
    ])
    expect(passed(history('paused G', 'paused H cutter.upgraded', 'working I APPROVE'), 3)).toHaveLength(1)
    expect(() => passed(history(...upgraded, 'working I'), null)).toThrow('without a used approval')
    expect(() => passed(history(...upgraded, 'working I'), 4)).toThrow('no decision before it names')
  })

  test('accepts a return to the gate, records at it, and a failure at it', () => {
    expect(
      passed(history('paused G', 'working G APPROVE', 'paused G', 'paused G cutter.refused'), null),
    ).toEqual([])
    expect(passed(history('paused G', 'closed G CANCEL'), null, 'cancelled')).toEqual([])
    expect(passed(history('paused G', 'closed G cutter.abandoned'), null, 'cancelled')).toEqual([])
    expect(() => passed(history('paused G', 'closed G CANCEL'), null)).toThrow()
  })
})

describe('the paths of a bundle', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  test.each([
    ['plan/SG1', `plans/SG1-${'a'.repeat(64)}.json`],
    ['plan/../../etc', `plans/.._.._etc-${'a'.repeat(64)}.json`],
    ['signers/SG2', `trust/signers-SG2-${'a'.repeat(64)}`],
    ['receipt/x', `evidence/${'a'.repeat(64)}`],
  ])('place the evidence %s at %s', (name, path) => {
    expect(pathOfEvidence({ name, digest })).toBe(path)
  })

  test('differ for countersigners with different names, and are plain ASCII', () => {
    const names = ['a@b.c', 'a b', 'a%20b', 'Zoë', "o'hara", '../x', '.x', 'a/b', '*', '(~)!']
    const paths = names.map(pathOfCountersignature)
    expect(new Set(paths).size).toBe(names.length)
    for (const path of paths)
      expect(path).toMatch(/^countersignatures\/[A-Za-z0-9%_][A-Za-z0-9%@._+-]*\.json$/)
    expect(paths[0]).toBe('countersignatures/a@b.c.json')
  })
})
