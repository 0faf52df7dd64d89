import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { approvalIdOf, namespaceOf } from '../../src/approvals/statement.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { composeStatementText, importApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, type Gate } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('importApproval', () => {
  let gate: Gate
  let run: Run
  beforeEach(async () => {
    gate = await aGate()
    gate.world.parts.trust = gate.rules.trust
    run = await gate.start()
  })
  afterEach(() => gate.close())
  afterAll(removeFolders)

  async function signedElsewhere(key: string, change: Partial<Statement> = {}) {
    const options = { as: ALICE!, decision: 'approve', reason: 'read' } as const
    const composed = JSON.parse(await composeStatementText(gate.world.parts, run.runId, options)) as Statement
    const text = canonicalJson({ ...composed, ...change })
    const namespace = namespaceOf(composed.machine, composed.gate)
    return { text, signature: await signText({ text, keyFile: gate.keys.path(key), namespace }) }
  }
  const kept = (text: string) => gate.world.store.approval(approvalIdOf(text))

  it('importApproval keeps a statement that an allowed signer signed', async () => {
    const { text, signature } = await signedElsewhere('alice')
    expect((await importApproval(gate.world.parts, text, signature)).warning).toBeNull()
    expect(await kept(text)).toMatchObject({ kind: 'signed', usedSeq: null })
  })

  it('importApproval does not keep a statement that somebody else signed', async () => {
    const { text, signature } = await signedElsewhere('mallory')
    await expect(importApproval(gate.world.parts, text, signature)).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'SIGNER_NOT_ALLOWED' },
    })
    expect(await kept(text)).toBeNull()
  })

  it('importApproval refuses a statement on an entry that the history never reached', async () => {
    const { text, signature } = await signedElsewhere('alice', { seq: run.seq + 1 })
    await expect(importApproval(gate.world.parts, text, signature)).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
    })
    expect(await kept(text)).toBeNull()
  })
})
