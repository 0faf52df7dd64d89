import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { importApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate } from '../support/live-gate.ts'
import { makeSecurityKey } from '../support/security-keys.ts'
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

  /** The same signature changes nothing; another one is refused, and so is one that proves nothing. */
  async function expectSettled(signed: Approval, reason: string) {
    const { statementText, signature, statement } = signed
    const again = await importApproval(gate.world.parts, statementText, signature!)
    expect(again.approval).toEqual(await gate.world.store.approval(signed.approvalId))
    const namespace = namespaceOf(statement.machine, statement.gate)
    const forged = await signText({ text: 'another', keyFile: gate.keys.path('mallory'), namespace })
    await expect(importApproval(gate.world.parts, statementText, forged)).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'SIGNATURE_INVALID' },
    })
    await expect(importedAgain(signed)).rejects.toMatchObject({ code: 'APPROVAL_REFUSED', data: { reason } })
    expect(await kept(signed)).toBe(signature)
  }

  it('importApproval refuses another signature of a statement that a decision counted', async () => {
    const run = await gate.start()
    const [alices, bobs] = [await gate.sign(run, ALICE!), await gate.sign(run, BOB!)]
    await gate.bring(run, alices.approvalId)
    await expectSettled(bobs, 'ALREADY_USED')
  })

  it.each([
    [0x00, 0x01, 'USER_NOT_PRESENT', null, 'the second'],
    [0x01, 0x00, null, null, 'the first'],
    [0x00, 0x00, 'USER_NOT_PRESENT', 'USER_NOT_PRESENT', 'the first'],
  ] as const)(
    'importApproval of a signature with flags %i and then %i answers what each is worth, and keeps the better one',
    async (first, second, refusal, after, kept) => {
      gate.rules.policy = { validHours: 24 }
      const key = makeSecurityKey('ed25519')
      gate.keys.file('allowed', `${ALICE} ${key.publicKey}\n`)
      const run = await gate.start()
      const {
        statementText: text,
        statement,
        approvalId,
      } = await gate.sign(run, BOB!, { change: { approver: ALICE } })
      const namespace = namespaceOf(statement.machine, statement.gate)
      const signatures = [first, second].map((flags) => key.sign(text, namespace, { flags }))
      const answers = []
      for (const signature of signatures)
        answers.push(await importApproval(gate.world.parts, text, signature))
      expect(answers.map(({ warning }) => warning?.reason ?? null)).toEqual([refusal, after])
      const stored = (await gate.world.store.approval(approvalId))!.signature
      expect(stored).toBe(signatures[kept === 'the first' ? 0 : 1])
      expect(answers[1]!.approval.signature).toBe(stored)
    },
  )

  it('importApproval refuses another signature of a statement on a closed run', async () => {
    const run = await gate.start()
    const bobs = await gate.sign(run, BOB!)
    await gate.world.engine.cancel(run.runId, { reason: 'late' })
    await expectSettled(bobs, 'RUN_CLOSED')
  })
})
