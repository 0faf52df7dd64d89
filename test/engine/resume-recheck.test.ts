import { afterAll, afterEach, expect, it } from 'vitest'
import { loadForResume } from '../../src/engine/load-run.ts'
import { succeeds } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate, OPERATOR } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('a run that was interrupted in its last check of the world', () => {
  let gate: Gate
  afterEach(() => gate.close())
  afterAll(removeFolders)

  let interruptAt: (name: string) => boolean
  /** Interrupts the process once, at an effect. */
  async function interruptedAt(effect: string, work: () => Promise<unknown>) {
    const { parts } = gate.world
    const uninterrupted = parts.interrupt
    const stop = new AbortController()
    parts.interrupt = stop.signal
    interruptAt = (name) => {
      if (name !== effect || stop.signal.aborted) return false
      stop.abort()
      return true
    }
    await expect(work()).rejects.toThrow('was interrupted')
    parts.interrupt = uninterrupted
  }

  /** A run that holds alice's approval, which was judged and is not used yet. */
  async function interrupted() {
    interruptAt = () => false
    gate = await aGate((name) => {
      if (!interruptAt(name)) return succeeds(name)
      throw new Error('interrupted')
    })
    const run = await gate.start()
    const { approvalId } = await gate.sign(run, ALICE!)
    await interruptedAt('recheck_cut', () => gate.bring(run, approvalId))
    expect(await gate.world.store.run(run.runId)).toMatchObject({ status: 'working', phase: 'recheck_cut' })
    return { run, approvalId }
  }
  const resume = (runId: string) => gate.world.engine.resume(runId, { by: OPERATOR })

  it('resume judges the approval again, and continues under it', async () => {
    const { run, approvalId } = await interrupted()
    expect(await resume(run.runId)).toMatchObject({ gate: 'SG2' })
    expect((await gate.world.store.approval(approvalId))?.usedSeq).not.toBeNull()
  })

  it('is not continued from a reading before another process moved it', async () => {
    const { run, approvalId } = await interrupted()
    const { parts, engine, store } = gate.world
    const read = await loadForResume(parts, run.runId)
    await interruptedAt('cut_leg_a', () => resume(run.runId))
    const before = await store.run(run.runId)
    expect(before).toMatchObject({ status: 'working', phase: 'cut_leg_a' })
    await expect(engine.resume(read, { by: OPERATOR })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await store.run(run.runId)).toEqual(before)
    expect(await store.effects(run.runId)).toMatchObject([{ invokeId: 'cut_leg_a', owner: null }])
    expect((await store.approval(approvalId))?.usedSeq).not.toBeNull()
    expect(await resume(run.runId)).toMatchObject({ gate: 'SG2' })
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
