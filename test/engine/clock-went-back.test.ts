import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { describeClockFaults, listClockFaults } from '../../src/domain/clock-faults.ts'
import { hashEntry } from '../../src/domain/history.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { signApproval } from '../../src/engine/manage-approvals.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, recordIn } from '../bundle/bundle-fixture.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** Clocks that go back: each step notices it, and nothing that had expired becomes valid again. */

const made: Bundles[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((at) => at.remove()))
})
afterAll(removeFolders)

async function aMaker(): Promise<Bundles> {
  const at = await aBundleMaker()
  made.push(at)
  return at
}

const HOUR = 3_600_000
/** Sets the clock of a world by a number of hours. It still moves with each reading. */
function turnClock({ world: { parts } }: Bundles, hours: number): void {
  const { clock } = parts
  parts.clock = { now: () => new Date(clock.now().getTime() + hours * HOUR) }
}

const entriesOf = ({ world }: Bundles, { runId }: { runId: string }) => world.store.history(runId)
/** The entries that docs/verify.py names. Null where there is no Python. */
function namedByPython(tar: Buffer): number[] | null {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-clock-'))
  const file = join(folder, 'run.tar')
  writeFileSync(file, tar)
  const program = resolve(import.meta.dirname, '../../docs/verify.py')
  const { stdout, error } = spawnSync('python3', [program, file], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return error === undefined ? (JSON.parse(stdout) as { clockWentBack: number[] }).clockWentBack : null
}

describeWithKeys('a clock that went back', () => {
  test('is recorded at each step that it is noticed at, and the record holds', async () => {
    const at = await aMaker()
    const run = await at.started('live')
    const before = (await entriesOf(at, run)).at(-1)!
    turnClock(at, -1)
    const closed = await at.world.engine.cancel(run.runId, { reason: 'late' })
    const last = (await entriesOf(at, run)).at(-1)!
    expect(last).toMatchObject({
      at: before.at,
      event: { type: 'CANCEL', clock: { code: 'CLOCK_WENT_BACK', reading: expect.any(String) } },
    })
    expect(String((last.event.clock as { reading: string }).reading) < before.at).toBe(true)
    expect(await verifyRun(at.world.parts, run.runId)).toMatchObject({ replayed: true })

    const tar = await at.exported(closed)
    const verdict = await at.verify(tar)
    expect(verdict.holds).toBe(true)
    expect(verdict.notes.join('\n')).toContain(`CLOCK_WENT_BACK: at entry ${last.seq} the clock read`)
    expect([[last.seq], null]).toContainEqual(namedByPython(tar))
  })

  test('is recorded with a refusal and with an abandonment', async () => {
    const at = await aMaker()
    const run = await at.started('live')
    turnClock(at, -1)
    await at.world.engine.resume(run.runId, { approvalId: `ap-${'0'.repeat(32)}` }).catch(() => {})
    const keyFile = at.keys.path('alice')
    const how = { as: ALICE, keyFile, decision: 'abandon' as const, reason: 'gone' }
    const { approval } = await signApproval(at.world.parts, run.runId, how)
    const closed = await at.world.engine.abandon(run.runId, { approvalId: approval.approvalId })
    const types = (await entriesOf(at, run)).filter(({ event }) => event.clock).map(({ event }) => event.type)
    expect(types).toEqual(['cutter.approval-refused', 'cutter.run-abandoned'])
    expect(await at.verify(await at.exported(closed))).toMatchObject({ holds: true })
  })

  test('makes no approval valid that had expired', async () => {
    const at = await aMaker()
    const run = await at.started('live')
    const keyFile = at.keys.path('alice')
    const how = { as: ALICE, keyFile, decision: 'approve' as const, reason: 'read' }
    const { approvalId } = (await signApproval(at.world.parts, run.runId, how)).approval
    const expired = { code: 'APPROVAL_REFUSED', data: { reason: 'EXPIRED' } }
    turnClock(at, 25)
    await expect(at.world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject(expired)
    turnClock(at, -24.5)
    await expect(at.world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject(expired)
  })

  test('of an earlier version is named by both verifiers, although the bundle holds', async () => {
    const at = await aMaker()
    const tar = await at.exported(
      await at.world.engine.cancel((await at.started('live')).runId, { reason: 'x' }),
    )
    const record = await recordIn(tar)
    const last = record.history.at(-1)!
    last.at = '2020-01-01T00:00:00.000Z'
    last.hash = hashEntry(last)
    record.run.head = last.hash
    record.run.updatedAt = last.at
    const older = await bundleOf({ ...record, closeout: null }, tar)
    const verdict = await at.verify(older)
    expect(verdict.firstFault).toBeNull()
    expect(verdict.notes.join('\n')).toContain('the clock read 2020-01-01T00:00:00.000Z')
    expect([[last.seq], null]).toContainEqual(namedByPython(older))
  })
})

test('many entries of a clock that went back are described by ten sentences and a count', () => {
  const history = Array.from({ length: 30 }, (_, index) => {
    const event = { type: 'x', clock: { code: 'CLOCK_WENT_BACK', reading: '2020-01-01T00:00:00.000Z' } }
    return { seq: index + 1, at: '2026-01-01T00:00:00.000Z', event } as unknown as HistoryEntry
  })
  const sentences = describeClockFaults(listClockFaults(history))
  expect(sentences).toHaveLength(11)
  expect(sentences.at(-1)).toBe('CLOCK_WENT_BACK: at 19 more entries')
})

test.each([[null], ['CLOCK_WENT_BACK'], [{ code: 'CLOCK_WENT_BACK', reading: 'a\nline' }], [{ reading: 1 }]])(
  'what others wrote there is not repeated: %j',
  (clock) => {
    const entry = (seq: number, event: object) => ({ seq, at: '2026-01-01T00:00:00.000Z', event })
    const history = [entry(1, { type: 'x' }), entry(2, { type: 'x', clock })] as unknown as HistoryEntry[]
    expect(listClockFaults(history)).toEqual([])
  },
)
