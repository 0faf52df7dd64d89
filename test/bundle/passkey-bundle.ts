import { readFileSync } from 'node:fs'
import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import type { Wording } from '../../src/bundle/run-record.ts'
import { makeSecurityKey, type SecurityKeySignature } from '../support/security-keys.ts'
import { ALICE, type Bundles } from './bundle-fixture.ts'
import { approvalsInOrderOfUse, changePolicy, forge, lastDecision } from './forge-bundle.ts'

/** The origin that the recorded policy of these bundles allows. */
export const ORIGIN = 'https://cutter.example.org'

interface PasskeyBundles {
  /** A file of signers that lists alice with her key and with her passkey. */
  signers: string
  /** A bundle without a closeout, whose second gate alice approved with her passkey on a page of an origin. */
  signedOn(origin: string, use?: PasskeyUse): Promise<Buffer>
}

/** How the passkey signed, and the wording of VERIFY.md: bundles of earlier versions have 1 for passkeys too. */
interface PasskeyUse extends Omit<SecurityKeySignature, 'origin'> {
  wording?: Wording
  /** Fields of the recorded policy. */
  policy?: object
}

/** Makes bundles of a run in which alice approved the second gate in a browser. */
export async function passkeyBundles(at: Bundles): Promise<PasskeyBundles> {
  const good = await at.exported(await at.closed('live'))
  const passkey = makeSecurityKey('ecdsa', 'cutter.example.org')
  const lines = `${readFileSync(at.keys.path('allowed_signers'), 'utf8')}${ALICE} ${passkey.publicKey}\n`
  const fingerprint = computeFingerprint(passkey.publicKey)
  return {
    signers: at.keys.file('passkey', lines),
    signedOn: (origin, { wording = 2, policy = {}, ...use } = {}) =>
      forge(good, (record) => {
        record.closeout = null
        record.instructions = wording
        const approval = approvalsInOrderOfUse(record)[1]!
        const signature = passkey.sign(approval.statementText, 'cutter.cut.SG2', { origin, ...use })
        Object.assign(approval, { signature })
        const { event } = lastDecision(record)
        Object.assign(event.vouched as object, { fingerprint })
        Object.assign((event.counted as object[])[0]!, { fingerprint })
        changePolicy({ origins: [ORIGIN], presence: null, ...policy })(record)
      }),
  }
}
