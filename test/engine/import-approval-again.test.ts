import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { importApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('importApproval of a statement that is signed again with another key', () => {
  let gate: Gate
  beforeEach(async () => {
    gate = await aGate()
    gate.rules.policy = { validHours: 24, need: 2 }
    gate.world.parts.trust = gate.rules.trust
  })
  afterEach(() => gate.close())
  afterAll(removeFolders)

  const kept = async ({ approvalId }: Approval) => (await gate.world.store.approval(approvalId))!.signature
  /** Signs what was signed before with mallory's key, which counts as bob's from now on. */
  async function importedAgain({ statementText: text, statement }: Approval) {
    gate.keys.file('allowed', gate.line(ALICE!) + gate.line(BOB!, '', 'mallory'))
    const namespace = namespaceOf(statement.machine, statement.gate)
    const signature = await signText({ text, keyFile: gate.keys.path('mallory'), namespace })
    return { signature, ...(await importApproval(gate.world.parts, text, signature)) }
  }

  it('importApproval replaces a signature that no longer counts and was not used', async () => {
    const bobs = await gate.sign(await gate.start(), BOB!)
    const { signature } = await importedAgain(bobs)
    expect(await kept(bobs)).toBe(signature)
  })

  it('importApproval keeps a signature that a decision counted', async () => {
    const run = await gate.start()
    const [alices, bobs] = [await gate.sign(run, ALICE!), await gate.sign(run, BOB!)]
    await gate.bring(run, alices.approvalId)
    expect((await importedAgain(bobs)).approval.signature).toBe(bobs.signature)
    expect(await kept(bobs)).toBe(bobs.signature)
  })

  it('importApproval keeps the signatures of a closed run', async () => {
    const run = await gate.start()
    const bobs = await gate.sign(run, BOB!)
    await gate.world.engine.cancel(run.runId, { reason: 'late' })
    await importedAgain(bobs)
    expect(await kept(bobs)).toBe(bobs.signature)
  })
})
