import { describe, expect, test } from 'vitest'
import { bytesEvidence } from '../../../src/domain/evidence.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { PrunedRun, RunStore } from '../../../src/store/run-store.ts'
import { anApproval, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aSubject } from '../store-fixture.ts'

/** The part of the conformance suite that is about runs taken out of the store. */
export function describePruning(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: pruning`, () => {
    const { store, everything } = aSubject(open)

    const CLOSED = {
      ...{ status: 'closed', outcome: 'cancelled', phase: null },
      ...{ gate: null, stopCode: null, stop: null },
    } as Partial<Run>
    const shared = bytesEvidence('shared', 'text/plain', Buffer.from('of both'))

    async function closed(changes: Partial<Run> = {}): Promise<Run> {
      const own = bytesEvidence('own', 'text/plain', Buffer.from(`of ${changes.startKey}`))
      const begun = firstStep({ run: changes, evidence: [shared, own] })
      await store.create(begun, mine)
      await store.saveApproval(anApproval(begun.run))
      const step = stepAfter(begun.run, { run: CLOSED, effectDone: 'source_pin' })
      await store.advance(step, mine)
      return step.run
    }

    const prunedOf = ({ runId, machine, mode, startKey, seq, head }: Run): PrunedRun => ({
      ...{ runId, machine, mode, startKey, seq, head },
      ...{ outcome: 'cancelled', closedAt: '2026-03-01', prunedAt: '2026-04-01', by: 'alice' },
      bundleDigest: 'sha256:bundle',
    })

    test('removes everything of a run, and nothing of another', async () => {
      const gone = await closed({ startKey: 'gone' })
      const stays = await closed({ startKey: 'stays' })
      const own = (await store.evidenceOf(gone.runId)).find((row) => row.name === 'own')
      const before = await everything(stays.runId)
      await store.prune(prunedOf(gone))
      expect(await store.storedRun(gone.runId)).toBeNull()
      expect(await store.approvals(gone.runId)).toEqual([])
      expect(await store.evidence(own!.digest)).toBeNull()
      expect(await everything(stays.runId)).toEqual(before)
      expect(await store.evidence(shared.digest)).not.toBeNull()
      expect(await store.list({ limit: 9 })).toMatchObject([{ runId: stays.runId }])
    })

    test('removes evidence with the last run that has it, and none that another run has', async () => {
      const alike = ['a', 'b'].map((end) => ({ ...shared, name: end, digest: `sha256:0123456789${end}` }))
      const runs = []
      for (const evidence of [[alike[0]!], alike, [alike[1]!]]) {
        const begun = firstStep({ evidence })
        await store.create(begun, mine)
        const step = stepAfter(begun.run, { run: CLOSED, effectDone: 'source_pin' })
        await store.advance(step, mine)
        runs.push(step.run)
      }
      const kept = async () => {
        const found = await Promise.all(alike.map(({ digest }) => store.evidence(digest)))
        return found.map((bytes) => bytes !== null)
      }
      await store.prune(prunedOf(runs[0]!))
      expect(await kept()).toEqual([true, true])
      await store.prune(prunedOf(runs[1]!))
      expect(await kept()).toEqual([false, true])
      await store.prune(prunedOf(runs[2]!))
      expect(await kept()).toEqual([false, false])
    })

    test('leaves references checked', async () => {
      await store.prune(prunedOf(await closed({ startKey: 'gone' })))
      const release = { kind: 'release', runId: 'nobody', reason: null, by: 'alice', at: 'now' } as const
      await expect(store.recordHold(release)).rejects.toThrow()
    })

    test('leaves no history without a run', async () => {
      const gone = await closed({ startKey: 'gone' })
      await store.prune(prunedOf(gone))
      for (const all of [true, false]) expect(await store.historiesWithoutRun({ all })).toEqual([])
    })

    test('keeps the id and the used key of the run', async () => {
      const run = await closed({ startKey: 'once' })
      await store.prune(prunedOf(run))
      for (const text of [run.runId, run.runId.slice(0, 12), run.runId.slice(-8)])
        expect(await store.prunedLike(text)).toEqual([prunedOf(run)])
      expect(await store.prunedLike('nothing')).toEqual([])
      const again = store.create(firstStep({ run: { startKey: 'once' } }), mine)
      await expect(again).rejects.toMatchObject({ code: 'KEY_REUSED', data: { pruned: true } })
    })

    test('refuses an open run, a changed run and an unknown run', async () => {
      const open = firstStep().run
      await store.create(firstStep({ run: { runId: open.runId } }), mine)
      const run = await closed()
      for (const pruned of [prunedOf(open), { ...prunedOf(run), head: 'other' }, prunedOf(aStranger(run))]) {
        await expect(store.prune(pruned)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
      }
      expect(await store.list({ limit: 9 })).toHaveLength(2)
      expect(await store.prunedLike('ictr-')).toEqual([])
    })
  })
}

const aStranger = (run: Run): Run => ({ ...run, runId: 'ictr-20200101T000000Z-00000000' })
