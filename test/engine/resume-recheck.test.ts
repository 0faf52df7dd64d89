import { afterAll, afterEach, expect, it } from 'vitest'
import { succeeds } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate, OPERATOR } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('a run that was interrupted in its last check of the world', () => {
  let gate: Gate
  afterEach(() => gate.close())
  afterAll(removeFolders)

  /** A run that holds alice's approval, which was judged and is not used yet. */
  async function interrupted() {
    const stop = new AbortController()
    gate = await aGate((name) => {
      if (name !== 'recheck_cut' || stop.signal.aborted) return succeeds(name)
      stop.abort()
      throw new Error('interrupted')
    })
    const { parts } = gate.world
    const uninterrupted = parts.interrupt
    parts.interrupt = stop.signal
    const run = await gate.start()
    const { approvalId } = await gate.sign(run, ALICE!)
    await expect(gate.bring(run, approvalId)).rejects.toThrow('was interrupted')
    parts.interrupt = uninterrupted
    expect(await gate.world.store.run(run.runId)).toMatchObject({ status: 'working', phase: 'recheck_cut' })
    return { run, approvalId }
  }
  const resume = (runId: string) => gate.world.engine.resume(runId, { by: OPERATOR })

  it('resume judges the approval again, and continues under it', async () => {
    const { run, approvalId } = await interrupted()
    expect(await resume(run.runId)).toMatchObject({ gate: 'SG2' })
    expect((await gate.world.store.approval(approvalId))?.usedSeq).not.toBeNull()
  })

  it('resume returns it to its gate when its signer may not approve any more', async () => {
    const { run, approvalId } = await interrupted()
    gate.keys.file('allowed', gate.line(BOB!))
    await expect(resume(run.runId)).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'SIGNER_NOT_ALLOWED' },
    })
    expect(await gate.world.store.run(run.runId)).toMatchObject({ status: 'paused', gate: 'SG1' })
    expect((await gate.world.store.approval(approvalId))?.usedSeq).toBeNull()
  })
})
