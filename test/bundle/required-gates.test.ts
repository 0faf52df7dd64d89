import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../src/bundle/closeout-statement.ts'
import { verifyBundle as verifyWith } from '../../src/bundle/verify-bundle.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, recordIn, verifyBundle } from './bundle-fixture.ts'
import { forge, restate } from './forge-bundle.ts'
import { withoutGate } from './without-gate.ts'

/** Bundles of runs that succeeded without a gate that their definition requires, and what else a checker can demand. */

let at: Bundles
let good: Buffer
let dry: Buffer
let trusting: string

beforeAll(async () => {
  at = await aBundleMaker()
  const run = await at.closed('live')
  good = await at.exported(run)
  dry = await at.exported(await at.closed('dry-run'))
  trusting = await at.trustingInstance(run)
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

/** The operator of the instance has its key, and signs the forged end again. */
async function signedAgain(tar: Buffer): Promise<Buffer> {
  const record = await recordIn(tar)
  const { instance } = record.closeout!
  record.closeout!.countersigned = []
  record.closeout!.text = closeoutText(record, instance)
  const keyFile = `${at.sealing.folder}/instance_key`
  instance.signature = await signText({ text: record.closeout!.text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  return bundleOf(record, tar)
}

describeWithKeys('verify of a run that succeeded without one of its gates', () => {
  const missing = (gate: string) => ({
    holds: false,
    firstFault: { code: 'GATE_MISSING', message: expect.stringContaining(`passed ${gate}`) },
  })

  test.each(['SG1', 'SG2'])('names %s when the closeout was removed', async (gate) => {
    const forged = await forge(good, (record) => {
      record.closeout = null
      withoutGate(record, gate)
      // The approval of SG2 covers the entries of SG1, so that only its absence lets the rest agree.
      if (gate === 'SG1') withoutGate(record, 'SG2')
    })
    expect(await verifyBundle(forged, trusting)).toMatchObject(missing(gate))
  })

  test.each(['SG1', 'SG2'])('names %s when the instance signed the forged end', async (gate) => {
    const forged = await signedAgain(
      await forge(good, (record) => {
        withoutGate(record, gate)
        if (gate === 'SG1') withoutGate(record, 'SG2')
      }),
    )
    expect(await verifyBundle(forged, trusting)).toMatchObject(missing(gate))
  })

  test('names SG2 in a dry run', async () => {
    const forged = await signedAgain(await forge(dry, (record) => withoutGate(record, 'SG2')))
    expect(await verifyBundle(forged, trusting)).toMatchObject(missing('SG2'))
  })

  test('refuses an approval that names another gate than its arrival', async () => {
    const forged = await forge(good, (record) => restate(record, { gate: 'SG1' }))
    expect((await verifyBundle(forged, null)).firstFault).toMatchObject({
      code: 'APPROVAL_ELSEWHERE',
      message: expect.stringContaining('is for gate SG1, but entry 14 arrived at SG2'),
    })
  })

  test('answers "gates unknown" for a definition that it does not know, never success', async () => {
    const options = {
      trust: { signers: trusting, revoked: null },
      requirements: { gates: [], trusted: false, origins: null },
    }
    const verdict = await verifyWith(good, { ...options, findRequiredGates: () => null })
    expect(verdict).toMatchObject({ holds: true, outcome: 'gates unknown', requiredGates: null })
    expect(verdict.notes[0]).toMatch(/^gates unknown: .* it passed SG1, SG2$/)
  })
})

describeWithKeys('the requirements of a checker', () => {
  test('are met by a gate that was approved, and not by another one', async () => {
    expect((await verifyBundle(good, trusting, { gates: ['SG1', 'SG2'] })).unmet).toEqual([])
    expect(await verifyBundle(good, trusting, { gates: ['SG3'] })).toMatchObject({
      holds: true,
      unmet: ['gate SG3 was not passed by an approval that counted'],
    })
  })

  test('of trust are met when somebody in the file vouches for approvals and end', async () => {
    expect((await verifyBundle(good, trusting, { trusted: true })).unmet).toEqual([])
    expect((await verifyBundle(good, at.keys.path('allowed_signers'), { trusted: true })).unmet).toEqual([
      'nobody whom you trust vouches for entries 15–18',
    ])
    expect((await verifyBundle(good, null, { trusted: true })).unmet).toHaveLength(3)
  })

  test('of trust are never met by a dry run', async () => {
    expect((await verifyBundle(dry, trusting, { trusted: true })).unmet).toEqual([
      'nobody vouches for the approvals of a dry run, which are not signed',
    ])
  })
})

describeWithKeys('verify with the files of the checker', () => {
  const instanceKey = async () => (await recordIn(good)).closeout!.instance.publicKey

  test('refuses a live approval by a revoked key, with and without signers', async () => {
    const revoked = at.keys.file('revoked', `${at.keys.publicKey('alice')}\n`)
    for (const signers of [trusting, null])
      expect((await verifyBundle(good, signers, { revoked })).firstFault).toMatchObject({
        code: 'KEY_REVOKED',
      })
  })

  test('names the revoked key of an instance, and does not trust its closeout', async () => {
    const revoked = at.keys.file('revoked_instance', `${await instanceKey()}\n`)
    for (const signers of [trusting, null]) {
      const { holds, ranges } = await verifyBundle(good, signers, { revoked })
      expect(holds).toBe(true)
      expect(ranges.at(-1)).toMatchObject({ kind: 'closeout', trusted: false, revoked: true })
    }
  })

  test('refuses an approver whom only a pattern lists, as a live gate does', async () => {
    const signers = at.keys.file('pattern', `*@example.org ${at.keys.publicKey('alice')}\n`)
    expect((await verifyBundle(good, signers)).firstFault).toMatchObject({
      code: 'SIGNER_NOT_ALLOWED',
      message: expect.stringContaining(`lists ${ALICE} by a pattern only`),
    })
  })

  test('does not trust an instance that only a pattern lists', async () => {
    const [type, key] = (await instanceKey()).split(' ')
    const line = `${ALICE} ${at.keys.publicKey('alice')}\n* ${type} ${key}\n`
    const { holds, ranges } = await verifyBundle(good, at.keys.file('any_instance', line))
    expect(holds).toBe(true)
    expect(ranges.at(-1)).toMatchObject({ kind: 'closeout', trusted: false })
  })
})
