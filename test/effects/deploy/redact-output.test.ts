import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CommandFailed } from '../../../src/effects/deploy/host-session.ts'
import { redactOutput } from '../../../src/effects/deploy/redact-output.ts'
import { pickDifferences } from '../../../src/effects/deploy/release-changes.ts'
import { describeOutcome, listFaults } from '../../../src/effects/deploy/run-check.ts'

const KINDS = [
  ['ed25519', 'RFC4716'],
  ['rsa', 'PEM'],
  ['rsa', 'PKCS8'],
  ['ecdsa', 'PEM'],
] as const

describe('a private key in what a command prints', () => {
  let folder: string
  const keys: { [name: string]: string } = {}
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cutter-keys-'))
    for (const [type, format] of KINDS) {
      const file = join(folder, `${type}-${format}`)
      execFileSync('ssh-keygen', ['-q', '-t', type, '-m', format, '-N', '', '-f', file])
      keys[`${type} ${format}`] = readFileSync(file, 'utf8')
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The lines of a key that no text may show. */
  const bodyOf = (key: string) => key.split('\n').filter((line) => /^[A-Za-z0-9+/=]{8,}$/.test(line))
  const shownOf = (key: string, text: string) => bodyOf(key).filter((line) => text.includes(line))

  const names = KINDS.map((kind) => kind.join(' '))

  test.each(names)('is removed completely (%s)', (name) => {
    const key = keys[name]!
    const text = redactOutput(`begins\n${key}\nends with 3\n`)
    expect(shownOf(key, text)).toEqual([])
    expect(text).toMatch(/^begins\n.*\n*ends with 3\n$/s)
  })

  test.each(names)('is removed where the output was cut within it (%s)', (name) => {
    const key = keys[name]!
    const text = redactOutput(`${key.slice(90)}ends with 3\n`)
    expect(shownOf(key, text)).toEqual([])
    expect(text).toContain('ends with 3')
  })

  test.each(names)('is in no fault of a check and in no message of a failed command (%s)', (name) => {
    const key = keys[name]!
    const result = {
      exitCode: 3,
      signal: null,
      stdout: Buffer.from(key),
      stderr: Buffer.from(key),
      truncated: false,
      timedOut: false,
    }
    const outcome = describeOutcome('a', ['true'], false, 'ended with 3', result)
    expect(shownOf(key, JSON.stringify([outcome, listFaults([outcome])]))).toEqual([])
    expect(shownOf(key, new CommandFailed({ id: 'switch-back' }, result).message)).toEqual([])
  })

  test.each(['-', '+', ' '])('is in no difference of files, after the sign %j', (sign) => {
    const key = keys['ed25519 RFC4716']!
    const lines = key.trim().split('\n')
    const part = `diff --git a/key b/key\n--- a/key\n+++ b/key\n@@ -1,8 +1,8 @@\n${lines.map((line) => sign + line).join('\n')}\n`
    const other = 'diff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-1\n+2\n'
    expect(pickDifferences(part + other)).toEqual([other])
  })
})

test('redactOutput leaves the other lines as they are', () => {
  const text = 'HEAD is now at abcdef0123456789abcdef0123456789\n-----END of it-----\nmysql://localhost/db\n'
  expect(redactOutput(text)).toBe(text)
  expect(redactOutput('mysql://root:hunter2@db/app')).toBe('mysql://root:[redacted]@db/app')
})

test('a fault holds no half of a character', () => {
  const stdout = Buffer.from(`${'😀'.repeat(15_000)}\na${'😀'.repeat(150)}`)
  const result = {
    exitCode: 3,
    signal: null,
    stdout,
    stderr: Buffer.from(''),
    truncated: false,
    timedOut: false,
  }
  const outcome = describeOutcome('a', ['true'], false, 'ended with 3', result)
  const text = `${outcome.stdout}${listFaults([outcome])}`
  expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text)
})
