import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { composeCountersignature, keepCountersignature } from '../../src/bundle/countersign-closeout.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles } from './bundle-fixture.ts'

/** Countersignatures that are made away from the store: what comes back is checked as if it were made there. */

let at: Bundles
let trust: { allowedSigners: string }
let run: Run

beforeAll(async () => {
  at = await aBundleMaker()
  at.keys.key('bob')
  trust = { allowedSigners: at.keys.file('signers', `${ALICE} ${at.keys.publicKey('alice')}\n`) }
  run = await at.closed('live')
})
afterAll(() => at.remove())

const sign = (text: string, name = 'alice', namespace = 'cutter.closeout') =>
  signText({ text, keyFile: at.keys.path(name), namespace })
const later = (iso: string, ms: number) => new Date(Date.parse(iso) + ms).toISOString()

describeWithKeys('a countersignature that was made elsewhere', () => {
  type Change = (statement: { [field: string]: unknown }) => unknown
  test.each<[string, Change]>([
    ['of another run', (one) => ({ ...one, runId: 'cut-other' })],
    ['of another closeout', (one) => ({ ...one, closeoutDigest: `sha256:${'0'.repeat(64)}` })],
    ['of another kind', (one) => ({ ...one, type: 'urn:cutter:countersignature:v2' })],
    ['with one field more', (one) => ({ ...one, role: 'auditor' })],
    ['from before the run closed', (one) => ({ ...one, at: later(run.updatedAt, -1) })],
    ['of the far future', (one) => ({ ...one, at: later(String(one.at), 3_600_000) })],
    ['at no time', (one) => ({ ...one, at: 'today' })],
  ])('%s is refused, whoever signed it', async (_, change) => {
    const { text } = await composeCountersignature(at.sealing, run, ALICE)
    const changed = canonicalJson(change(JSON.parse(text)) as never)
    const given = { text: changed, signature: await sign(changed), trust }
    await expect(keepCountersignature(at.sealing, run, given)).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      message: expect.stringContaining('does not name the closeout of this run'),
    })
    expect(await at.world.store.closeoutSignatures(run.runId)).toHaveLength(1)
  })

  test('in another form of the same statement is refused', async () => {
    const { text } = await composeCountersignature(at.sealing, run, ALICE)
    const signature = await sign(`${text}\n`)
    await expect(
      keepCountersignature(at.sealing, run, { text: `${text}\n`, signature, trust }),
    ).rejects.toMatchObject({ code: 'APPROVAL_REFUSED' })
  })

  test.each(['', 'not JSON', '[]', '{"signer":1,"at":"x"}', 'null'])(
    'that is %j is refused',
    async (text) => {
      await expect(
        keepCountersignature(at.sealing, run, { text, signature: '', trust }),
      ).rejects.toMatchObject({
        code: 'INPUT_REFUSED',
      })
    },
  )

  test('by another key, or for another purpose, is refused', async () => {
    const { text } = await composeCountersignature(at.sealing, run, ALICE)
    for (const signature of [await sign(text, 'bob'), await sign(text, 'alice', 'cutter.cut.SG1'), 'none'])
      await expect(keepCountersignature(at.sealing, run, { text, signature, trust })).rejects.toMatchObject({
        code: 'APPROVAL_REFUSED',
        message: expect.stringContaining('was not countersigned'),
      })
    expect(await at.world.store.closeoutSignatures(run.runId)).toHaveLength(1)
  })

  test('that is good is kept once; who signed already gets the same text', async () => {
    const { text, earlier } = await composeCountersignature(at.sealing, run, ALICE)
    expect(earlier).toBeNull()
    const kept = await keepCountersignature(at.sealing, run, { text, signature: await sign(text), trust })
    expect(kept).toMatchObject({ kind: 'countersign', signer: ALICE, statementText: text })
    expect(await composeCountersignature(at.sealing, run, ALICE)).toEqual({ text, earlier: kept })
    const { signature } = kept
    expect(await keepCountersignature(at.sealing, run, { text, signature, trust })).toEqual(kept)
    const others = [
      { text, signature: 'none' },
      { text, signature: await sign(text, 'bob') },
      { text: `${text}\n`, signature },
    ]
    for (const other of others)
      await expect(keepCountersignature(at.sealing, run, { ...other, trust })).rejects.toMatchObject({
        code: 'APPROVAL_REFUSED',
        message: expect.stringContaining('was not countersigned'),
      })
    expect(await composeCountersignature(at.sealing, run, ALICE)).toEqual({ text, earlier: kept })
    expect((await at.verify(await at.exported(run))).holds).toBe(true)
  })
})
