import { describe, expect, test } from 'vitest'
import type { RunStore } from '../../../src/store/run-store.ts'
import { anApproval, anEffect, atGate, mine, stepAfter } from '../step-fixture.ts'
import { aSubject, evidence } from '../store-fixture.ts'

/** The part of the conformance suite that is about approvals. */
export function describeApprovals(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: approvals`, () => {
    const { store, started, advanced, refusesWhole } = aSubject(open)

    const paused = async () => {
      const run = await started({ effectsAsked: [] })
      return advanced(run, { run: atGate(run) })
    }

    test('keep one closeout signature of the instance and one of each person, the first ones', async () => {
      const { runId } = await started()
      const signed = {
        runId,
        statementText: '{"end":1}',
        signature: 'armored',
        at: '2026-03-01T09:00:00.000Z',
      }
      const instance = { ...signed, kind: 'instance', signer: 'cutter-instance@a', publicKey: 'key' } as const
      const person = (signer: string) =>
        ({ ...signed, kind: 'countersign', signer, publicKey: null }) as const
      const second = { ...instance, signer: 'cutter-instance@b' }
      for (const one of [
        person('bob'),
        instance,
        second,
        { ...person('bob'), signature: 'x' },
        person('alice'),
      ])
        await store.saveCloseoutSignature(one)
      expect(await store.closeoutSignatures(runId)).toEqual([instance, person('alice'), person('bob')])
      expect(await store.closeoutSignatures((await started()).runId)).toEqual([])
    })

    test('are used by the step that names them', async () => {
      const run = await paused()
      const approval = anApproval(run)
      await store.saveApproval(approval)
      const step = stepAfter(run, { approvalUsed: approval.approvalId })
      await store.advance(step, mine)
      expect(await store.approval(approval.approvalId)).toEqual({
        ...approval,
        usedSeq: step.entry.seq,
        usedAt: step.entry.at,
      })
    })

    test('are used once: the store refuses a second step with the same one completely', async () => {
      const run = await paused()
      const { approvalId } = anApproval(run)
      await store.saveApproval(anApproval(run))
      const after = await advanced(run, { approvalUsed: approvalId })
      await refusesWhole(
        stepAfter(after, { approvalUsed: approvalId, evidence, effectsAsked: [anEffect('x')] }),
      )
    })

    test('are not used by a step that is refused for another reason', async () => {
      const run = await paused()
      await store.saveApproval(anApproval(run))
      await refusesWhole(
        stepAfter(run, { approvalUsed: anApproval(run).approvalId, effectDone: 'nobody asked for this' }),
      )
    })

    test('of another run or unknown ones refuse the step', async () => {
      const [run, elsewhere] = [await paused(), await paused()]
      await store.saveApproval(anApproval(elsewhere))
      await refusesWhole(stepAfter(run, { approvalUsed: anApproval(elsewhere).approvalId }))
      await refusesWhole(stepAfter(run, { approvalUsed: 'ap-unknown' }))
      expect((await store.approval(anApproval(elsewhere).approvalId))?.usedSeq).toBeNull()
    })

    test('are kept once when they are saved twice', async () => {
      const run = await paused()
      await store.saveApproval(anApproval(run, { signature: 'one' }))
      await store.saveApproval(anApproval(run, { signature: 'one' }))
      expect(await store.approvals(run.runId)).toEqual([anApproval(run, { signature: 'one' })])
    })

    test('accept another signature only while they are unused', async () => {
      const run = await paused()
      const { approvalId } = anApproval(run, { signature: 'worthless' })
      await store.saveApproval(anApproval(run, { signature: 'worthless' }))
      await store.saveApproval(anApproval(run, { signature: 'true' }))
      expect(await store.approval(approvalId)).toMatchObject({ signature: 'true', usedSeq: null })
      await advanced(run, { approvalUsed: approvalId })
      await store.saveApproval(anApproval(run, { signature: 'late' }))
      expect(await store.approval(approvalId)).toMatchObject({ signature: 'true', usedSeq: 3 })
    })

    test('never change between rehearsal and signed', async () => {
      const run = await paused()
      await store.saveApproval(anApproval(run))
      await store.saveApproval(anApproval(run, { signature: 'true' }))
      expect(await store.approvals(run.runId)).toEqual([anApproval(run)])
      const signed = anApproval(run, { nonce: 'another', signature: 'true' })
      await store.saveApproval(signed)
      await store.saveApproval(anApproval(run, { nonce: 'another' }))
      expect(await store.approval(signed.approvalId)).toEqual(signed)
    })

    test('are listed for one run or for all, oldest first', async () => {
      const [a, b] = [await paused(), await paused()]
      const at = (importedAt: string, approval = anApproval(a)) => ({ ...approval, importedAt })
      const late = at('2026-03-01T09:09:00.000Z')
      const soon = at('2026-03-01T09:01:00.000Z', anApproval(a, { nonce: 'n2' }))
      const theirs = at('2026-03-01T09:05:00.000Z', anApproval(b))
      for (const approval of [late, soon, theirs]) await store.saveApproval(approval)
      expect(await store.approvals(a.runId)).toEqual([soon, late])
      expect(await store.approvals()).toEqual([soon, theirs, late])
      expect(await store.approval('ap-unknown')).toBeNull()
    })

    test('are found by their review decision in any run', async () => {
      const [a, b] = [await paused(), await paused()]
      const [mine, theirs] = [{ reviewDecisionId: 'rd-1' }, { reviewDecisionId: 'rd-2' }]
      for (const approval of [anApproval(a, mine), anApproval(b, theirs), anApproval(b)])
        await store.saveApproval(approval)
      expect(await store.approvalsNaming('rd-1')).toEqual([anApproval(a, mine)])
      expect(await store.approvalsNaming('rd-3')).toEqual([])
    })
  })
}
