import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { readTrustFile } from '../../src/approvals/trust-files.ts'
import { digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, type Gate } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

describeWithKeys('the policy of a gate', () => {
  let gate: Gate
  let run: Run
  beforeEach(async () => {
    gate = await aGate()
    run = await gate.start()
  })
  afterEach(() => gate.close())
  afterAll(removeFolders)

  const evidenceAt = async (seq: number) => {
    const { store } = gate.world
    const found = (await store.evidenceOf(run.runId)).filter((each) => each.seq === seq)
    return Object.fromEntries(
      await Promise.all(
        found.map(async ({ name, digest }) => [
          name,
          Buffer.from((await store.evidence(digest))!).toString(),
        ]),
      ),
    )
  }
  const entry = async (type: string) =>
    (await gate.world.store.history(run.runId)).filter(({ event }) => event.type === type).at(-1)!

  it('an arrival at a gate records the policy and the files byte for byte', async () => {
    const arrival = (await gate.world.store.history(run.runId))[run.gateSeq! - 1]!
    const { 'policy/SG1': policy, ...files } = await evidenceAt(run.gateSeq!)
    const signers = readFileSync(gate.rules.trust.allowedSigners, 'utf8')
    expect(JSON.parse(policy)).toEqual({
      machine: 'cut',
      gate: 'SG1',
      of: null,
      need: 1,
      fourEyes: true,
      validHours: 24,
      presence: null,
      verification: null,
      origins: null,
      rpIds: null,
      strict: 'modes',
      operators: null,
      allowedSignersDigest: digestOfBytes(signers),
      revokedKeysConfigured: false,
      revokedKeysDigest: null,
    })
    expect(files).toEqual({ 'signers/SG1': signers })
    expect(arrival.event.policyDigest).toBe(digestOfBytes(policy))
  })

  it('a decision is judged by the policy of its moment and records that policy', async () => {
    const { approvalId } = await gate.sign(run, ALICE)
    gate.rules.policy = { validHours: 24, of: [BOB] }
    const refused = await gate.bring(run, approvalId).catch((error) => error)
    expect(refused.data).toMatchObject({ reason: 'SIGNER_NOT_ALLOWED' })

    gate.rules.policy = { validHours: 24, of: [ALICE], fourEyes: false }
    const revoked = `${gate.keys.publicKey('mallory')}\n`
    gate.rules.trust.revokedKeys = gate.keys.file('revoked', revoked)
    await gate.bring(run, approvalId)
    const { seq, event } = await entry('APPROVE')
    const recorded = await evidenceAt(seq)
    expect(JSON.parse(recorded['policy/SG1'])).toMatchObject({
      of: [ALICE],
      fourEyes: false,
      revokedKeysConfigured: true,
      revokedKeysDigest: digestOfBytes(revoked),
    })
    expect(recorded['revoked/SG1']).toBe(revoked)
    expect(event.policyDigest).toBe(digestOfBytes(recorded['policy/SG1']))
    // The arrival at the next gate is recorded too, and the complete history replays.
    const next = (await gate.world.store.run(run.runId))!
    expect(Object.keys(await evidenceAt(next.gateSeq!))).toEqual(['policy/SG2', 'revoked/SG2', 'signers/SG2'])
    expect(await verifyRun(gate.world.parts, run.runId)).toMatchObject({ replayed: true })
  })

  it('the recorded files are those that were judged by, although a file changes in the meantime', async () => {
    const { allowedSigners } = gate.rules.trust
    const recorded = await gate.world.parts.inForce!('cut', 'SG1')
    gate.keys.file('allowed', '')
    const [, signers] = recorded.evidence
    expect(await readTrustFile(recorded.trust, allowedSigners)).toEqual(signers?.bytes)
    expect(signers?.bytes.length).toBeGreaterThan(100)
  })

  it('the record of a policy shows that a file was missing', async () => {
    gate.rules.trust = { allowedSigners: gate.keys.path('nowhere'), revokedKeys: gate.keys.path('nowhere') }
    gate.world.parts.randomHex = () => '0badcafe'
    run = await gate.start()
    const recorded = await evidenceAt(run.gateSeq!)
    expect(Object.keys(recorded)).toEqual(['policy/SG1'])
    expect(JSON.parse(recorded['policy/SG1'])).toMatchObject({
      allowedSignersDigest: null,
      revokedKeysConfigured: true,
      revokedKeysDigest: null,
    })
  })
})
