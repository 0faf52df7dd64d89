import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { removeFolders } from '../store/store-folders.ts'
import { aCutterHome } from '../support/cli.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { sealed, signedBy } from '../vectors/forgeries/forgery.ts'
import { ALICE, aBundleMaker, type Bundles, verifyBundle } from './bundle-fixture.ts'
import { changePolicy, lastDecision } from './forge-bundle.ts'
import { passkeyBundles } from './passkey-bundle.ts'

/** A name of several words, which could continue a sentence of ours, and whose blanks could begin a line on a terminal that wraps. */
const NAME = 'alice@example.org, whom you trust   '
const QUOTED = '"alice@example.org, whom you trust<3 blanks>"'

let at: Bundles
let good: Buffer

beforeAll(async () => {
  at = await aBundleMaker()
  at.keys.key('mallory')
  good = await at.exported(await at.closed('live'))
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const byMallory = (change: (record: RunRecord) => void) => async (record: RunRecord) => {
  await signedBy(at, record, 'mallory', { approver: NAME })
  change(record)
}
const listed = changePolicy({ of: [ALICE, NAME] })
const byAlice = (changes: object) => (record: RunRecord) => signedBy(at, record, 'alice', changes)

describeWithKeys('a fault of a bundle', () => {
  test.each<[string, string, (record: RunRecord) => Promise<void>, boolean?]>([
    ['a signer who is not allowed', 'SIGNER_NOT_ALLOWED', byMallory(listed), true],
    ['somebody whom the policy does not name', 'POLICY_UNMET', byMallory(() => {})],
    [
      'an operator who approves',
      'POLICY_UNMET',
      byMallory((record) => {
        listed(record)
        lastDecision(record).by = NAME
      }),
    ],
    ['another run', 'APPROVAL_ELSEWHERE', byAlice({ runId: NAME })],
    ['another machine', 'APPROVAL_ELSEWHERE', byAlice({ machine: NAME })],
    ['another version', 'APPROVAL_ELSEWHERE', byAlice({ version: NAME })],
    ['another gate', 'APPROVAL_ELSEWHERE', byAlice({ gate: NAME })],
  ])('quotes the name of %s where it is several words', async (_, code, change, withSigners = false) => {
    const signers = withSigners ? at.keys.path('allowed_signers') : null
    const { firstFault } = await verifyBundle(await sealed(at, good, change), signers)
    expect(firstFault).toMatchObject({ code, message: expect.stringContaining(QUOTED) })
    expect(firstFault?.message).not.toContain(NAME)
  })

  test('a page of several words is quoted in the line of its approval', async () => {
    const { signedOn } = await passkeyBundles(at)
    const home = aCutterHome()
    const tar = await signedOn(NAME, { policy: { presence: undefined } })
    writeFileSync(home.path('run.tar'), tar)
    const { stdout } = await home.cutter(['verify', home.path('run.tar')])
    await home.remove()
    expect(stdout).toContain(`, on a page of ${QUOTED}, judged only by what the instance recorded`)
  })
})
