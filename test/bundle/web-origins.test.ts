import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles, verifyBundle } from './bundle-fixture.ts'
import { ORIGIN, passkeyBundles } from './passkey-bundle.ts'

/** Approvals by passkeys: the page on which they were signed, judged by the recorded policy and by the checker's list. */

let at: Bundles
let signers: string
let signedAt: (origin: string) => Promise<Buffer>

beforeAll(async () => {
  at = await aBundleMaker()
  const made = await passkeyBundles(at)
  signers = made.signers
  signedAt = made.signedOn
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

describeWithKeys('verify of an approval that was signed on a web page', () => {
  test('names its origin, which the recorded policy allows', async () => {
    const { holds, ranges, approvals } = await verifyBundle(await signedAt(ORIGIN), signers)
    expect(holds).toBe(true)
    expect(ranges[1]).toMatchObject({ gate: 'SG2', origin: ORIGIN, trusted: true })
    expect(approvals.map(({ origin }) => origin).sort()).toEqual([ORIGIN, null])
  })

  test('refuses an origin that the recorded policy does not list', async () => {
    expect(
      (await verifyBundle(await signedAt('https://evil.example.org'), signers)).firstFault,
    ).toMatchObject({
      code: 'POLICY_UNMET',
      message: expect.stringContaining('ORIGIN_NOT_ALLOWED'),
    })
  })

  test('says that a requirement is unmet when the checker does not list it', async () => {
    const tar = await signedAt(ORIGIN)
    expect((await verifyBundle(tar, signers, { origins: [ORIGIN] })).unmet).toEqual([])
    expect((await verifyBundle(tar, signers, { origins: ['https://other.example.org'] })).unmet).toEqual([
      `gate SG2 was approved by ${ALICE} on a page of ${ORIGIN}, which --origins does not list`,
    ])
  })
})
