import { readFileSync } from 'node:fs'
import { alter, changePolicy, forge } from '../../bundle/forge-bundle.ts'
import { ORIGIN, passkeyBundles } from '../../bundle/passkey-bundle.ts'
import type { Forgery, Good } from './forgery.ts'

/** Signatures of passkeys: what they say of the page and of the touch. */
export async function keyForgeries({ at }: Good): Promise<Forgery[]> {
  const { signedOn, signers } = await passkeyBundles(at)
  const list = readFileSync(signers, 'utf8')
  const page = await signedOn(ORIGIN)
  const inBlob = async (from: string, to: string) =>
    alter(page, (files) => {
      const path = [...files].find(([name, bytes]) => /sig$/.test(name) && isPage(bytes))![0]
      const text = Buffer.from(files.get(path)!).toString()
      const blob = Buffer.from(text.replace(/-----.*-----|\s/g, ''), 'base64').toString('latin1')
      const changed = Buffer.from(blob.replaceAll(from, to), 'latin1').toString('base64')
      files.set(
        path,
        Buffer.from(
          `-----BEGIN SSH SIGNATURE-----\n${changed.replace(/.{1,70}/g, '$&\n')}-----END SSH SIGNATURE-----\n`,
        ),
      )
    })
  const isPage = (bytes: Uint8Array) =>
    Buffer.from(
      Buffer.from(bytes)
        .toString()
        .replace(/-----.*-----|\s/g, ''),
      'base64',
    ).includes('webauthn-')
  const judged = (tar: Buffer, change: object) => forge(tar, changePolicy(change))
  return [
    { name: 'a passkey', tar: page, signers: list, exit: 0 },
    {
      name: 'the origin in the signature edited',
      tar: await inBlob('cutter.example.org"', 'cutler.example.org"'),
      signers: list,
      exit: 1,
    },
    {
      name: 'the origin in the signature edited in both places',
      tar: await inBlob('https://cutter', 'https://cutler'),
      signers: list,
      exit: 1,
    },
    {
      name: 'the flags in the signature edited',
      tar: await inBlob('\u0001\0\0\0\u0007', '\u0005\0\0\0\u0007'),
      signers: list,
      exit: 1,
    },
    {
      name: 'the counter in the signature edited',
      tar: await inBlob('\u0001\0\0\0\u0007', '\u0001\0\0\0\u0008'),
      signers: list,
      exit: 1,
    },
    {
      name: 'nobody present, policy recorded',
      tar: await judged(await signedOn(ORIGIN, { flags: 0 }), { presence: 'required', origins: [ORIGIN] }),
      signers: list,
      exit: 1,
    },
    {
      name: 'nobody present, default policy',
      tar: await judged(await signedOn(ORIGIN, { flags: 0 }), { presence: null }),
      signers: list,
      exit: 1,
    },
    {
      name: 'nobody verified, policy asks for it',
      tar: await judged(await signedOn(ORIGIN, { flags: 1 }), { verification: 'required' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'a framed page',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"crossOrigin":true' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'a framed page by a second field',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"crossOrigin":false,"crossOrigin":true' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'another origin by a second field',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"origin":"https://evil.example.org"' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'another type by a second field',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"type":"webauthn.create"' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'client data that is no JSON',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',x' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'client data with a number beyond all bounds',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"crossOrigin":false,"n":1e999' }),
      signers: list,
      exit: 0,
    },
    {
      name: 'client data with NaN',
      tar: await signedOn(ORIGIN, { clientDataEnd: ',"crossOrigin":false,"n":NaN' }),
      signers: list,
      exit: 1,
    },
    {
      name: 'extension data, which the signature covers',
      tar: await signedOn(ORIGIN, { flags: 0x81, extensions: Buffer.from([0xa0]) }),
      signers: list,
      exit: 0,
    },
    {
      name: 'another RP id than the policy lists',
      tar: await judged(page, { rpIds: ['other.example.org'] }),
      signers: list,
      exit: 1,
    },
    { name: 'an origin with a path', tar: await signedOn(`${ORIGIN}/x`), signers: list, exit: 1 },
    { name: 'an origin in capitals', tar: await signedOn(ORIGIN.toUpperCase()), signers: list, exit: 1 },
  ]
}
