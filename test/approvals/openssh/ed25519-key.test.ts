import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  formatEd25519Key,
  makeEd25519Key,
  readEd25519Key,
  signWithEd25519,
} from '../../../src/approvals/openssh/ed25519-key.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../../support/ssh-keys.ts'

const TEXTS = ['', 'a', 'naïve – 決定\n', '\0\u00ff', 'x'.repeat(69), 'y'.repeat(100_000), 'line\r\nline']
// Lengths round the block of eight bytes to which the file pads its secret part.
const COMMENTS = ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg', 'cutter-instance@host.example']

describeWithKeys('Ed25519Key', () => {
  let keys: KeyFolder
  beforeAll(() => {
    keys = openKeyFolder()
    keys.key('plain')
    keys.key('locked', { passphrase: 'correct horse' })
    keys.key('rsa', { type: 'rsa' })
  })
  afterAll(() => keys.remove())

  const textOf = (name: string) => readFileSync(keys.path(name), 'utf8')

  function signedBySshKeygen(keyFile: string, text: string): string {
    const file = keys.file('text', text)
    rmSync(`${file}.sig`, { force: true })
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', keyFile, '-n', 'cutter.closeout', file], {
      stdio: 'ignore',
    })
    return readFileSync(`${file}.sig`, 'utf8')
  }

  it.each(TEXTS)('signs the text of case %# with the bytes of ssh-keygen', (text) => {
    const key = readEd25519Key(textOf('plain'))
    expect(signWithEd25519(key, 'cutter.closeout', text)).toBe(signedBySshKeygen(keys.path('plain'), text))
  })

  it('reads the public key with its comment', () => {
    expect(`${readEd25519Key(textOf('plain')).publicKey}\n`).toBe(textOf('plain.pub'))
  })

  it.each(COMMENTS)('makes a key with the comment "%s" that ssh-keygen reads and signs with', (comment) => {
    const key = makeEd25519Key(comment)
    const file = keys.file('made', formatEd25519Key(key))
    expect(execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file], { encoding: 'utf8' }).trim()).toBe(
      key.publicKey.trim(),
    )
    expect(signedBySshKeygen(file, 'a closeout')).toBe(signWithEd25519(key, 'cutter.closeout', 'a closeout'))
    expect(readEd25519Key(formatEd25519Key(key)).publicKey).toBe(key.publicKey)
  })

  it.each([
    ['a passphrase', () => textOf('locked'), 'it has a passphrase'],
    ['another kind', () => textOf('rsa'), 'it is not of the kind ssh-ed25519'],
    ['a public key', () => textOf('plain.pub'), 'it is not a private key of OpenSSH'],
    ['no text', () => '', 'it is not a private key of OpenSSH'],
    ['a lost end', () => cut(textOf('plain'), 3), 'it is not a private key of OpenSSH'],
    ['lost lines', () => cutInside(textOf('plain')), 'the message is too short'],
    ['another half', () => withOtherHalf(textOf('plain')), 'it is damaged'],
  ])('refuses a file with %s', (_, text, why) => {
    expect(() => readEd25519Key(text())).toThrow(new RangeError(why))
  })
})

const cut = (text: string, lines: number) => text.split('\n').slice(0, -lines).join('\n')

const cutInside = (text: string) => text.split('\n').toSpliced(2, 2).join('\n')

/** The same file with another public part in its outer message. */
function withOtherHalf(text: string): string {
  const lines = text.trim().split('\n')
  const message = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  const part = message.indexOf('ssh-ed25519') + 'ssh-ed25519'.length + 4
  message[part]! ^= 1
  return [lines[0], message.toString('base64'), lines.at(-1), ''].join('\n')
}
