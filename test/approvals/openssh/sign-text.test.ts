import { chmodSync, readdirSync, renameSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signText } from '../../../src/approvals/openssh/sign-text.ts'
import { findSigningKey } from '../../../src/approvals/openssh/verify-signature.ts'
import {
  describeWithKeys,
  type KeyFolder,
  openKeyFolder,
  withAgent,
  withEnv,
  withoutTrustedTools,
} from '../../support/ssh-keys.ts'

const namespace = 'cutter.cut.SG1'
const text = '{"reason":"naïve – 決定"}'
const noAgent = { SSH_AUTH_SOCK: undefined, SSH_ASKPASS: undefined, DISPLAY: undefined }

describeWithKeys('signText', () => {
  let keys: KeyFolder
  beforeAll(() => {
    keys = openKeyFolder()
    for (const name of ['alice', 'open', 'away']) keys.key(name)
    keys.key('locked', { passphrase: 'correct horse' })
    chmodSync(keys.path('open'), 0o644)
    renameSync(keys.path('away'), keys.path('away-elsewhere'))
  })
  afterAll(() => keys.remove())

  const sign = (keyFile: string) => withEnv(noAgent, () => signText({ text, keyFile, namespace }))

  it('signText makes an armored signature of any text', async () => {
    const signature = await sign(keys.path('alice'))
    expect(signature).toMatch(/^-----BEGIN SSH SIGNATURE-----\n/)
    expect(await findSigningKey({ text, signature, namespace })).toMatchObject({ keyType: 'ED25519' })
  })

  it('signText uses the private half in an agent when the key file is a public key', async () => {
    const keyFile = keys.path('away.pub')
    const signature = await withAgent(keys, keys.path('away-elsewhere'), () =>
      signText({ text, keyFile, namespace }),
    )
    expect(await findSigningKey({ text, signature, namespace })).toMatchObject({ keyType: 'ED25519' })
  })

  it('signText leaves nothing in the folder for temporary files', async () => {
    await withEnv({ TMPDIR: keys.path('.') }, () => sign(keys.path('alice')))
    expect(readdirSync(keys.path('.')).filter((name) => name.startsWith('cutter-approval-'))).toEqual([])
  })

  it.each([
    ['a missing key', 'nobody', /no key file at/, /private key/],
    ['a folder for a key', '.', /no key file at/, /private key/],
    ['a private key that others may read', 'open', /others may read/, /^chmod 600 /],
    ['a key whose passphrase nobody gives', 'locked', /passphrase/, /ssh-add/],
    [
      'a public key without agent or private half',
      'away.pub',
      /neither next to it nor in an agent/,
      /ssh-add/,
    ],
  ])('signText refuses %s, and says what to do next', async (_, name, message, next) => {
    const refused = await sign(keys.path(name)).catch((error) => error)
    expect(refused).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(refused.message).toMatch(message)
    expect(refused.next).toMatch(next)
  })

  it('signText refuses a file that is not a key, with the message of ssh-keygen', async () => {
    const refused = await sign(keys.file('text', 'not a key')).catch((error) => error)
    expect(refused).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(refused.message).toContain('ssh-keygen answered: ')
  })

  it('signText names the package to install when ssh-keygen is missing', async () => {
    const missing = await withoutTrustedTools(() => sign(keys.path('alice'))).catch((error) => error)
    expect(missing).toMatchObject({ code: 'TOOL_MISSING' })
    expect(missing.next).toContain('openssh-client')
  })
})
