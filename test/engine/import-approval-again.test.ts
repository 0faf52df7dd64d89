import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { importApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('a statement that comes in once more, signed with another key that is listed by now', () => {
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

  it('takes the place of a signature that no longer counts, while nothing was decided by it', async () => {
    const bobs = await gate.sign(await gate.start(), BOB!)
    const { signature } = await importedAgain(bobs)
    expect(await kept(bobs)).toBe(signature)
  })

  it('leaves the one that a decision counted, though another was brought', async () => {
    const run = await gate.start()
    const [alices, bobs] = [await gate.sign(run, ALICE!), await gate.sign(run, BOB!)]
    await gate.bring(run, alices.approvalId)
    expect((await importedAgain(bobs)).approval.signature).toBe(bobs.signature)
    expect(await kept(bobs)).toBe(bobs.signature)
  })

  it('leaves those of a closed run', async () => {
    const run = await gate.start()
    const bobs = await gate.sign(run, BOB!)
    await gate.world.engine.cancel(run.runId, { reason: 'late' })
    await importedAgain(bobs)
    expect(await kept(bobs)).toBe(bobs.signature)
  })
})
