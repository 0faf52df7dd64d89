import { describe, expect, test } from 'vitest'
import {
  findSecretForm,
  findSecretToken,
  locateSecretForm,
  redactSecretForms,
} from '../../src/secrets/patterns.ts'

// Put together here, so that no scanner of repositories takes one for real.
const letters = 'aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cD3fG5hJ7k'
const ofUrls: [what: string, text: string, secret: string][] = [
  ['a URL with a password', 'postgresql://reader:h4rd@db.example.org:5432/main', 'h4rd'],
  ['a URL with a password', 'https://me:a:b@c/d@host/x', 'a:b@c/d'],
  ['a URL with a password', 'redis://:h4rd@cache/0', 'h4rd'],
  ['a URL with a password', 'postgres://me@corp:h4rd@db/main', 'h4rd'],
  ['a URL with a password', 'postgres://me/x:h4rd@db/main', 'h4rd'],
  ['a URL with a password', 'postgres://me:12/h4@rd@db/main', '12/h4@rd'],
  ['a URL with a password', 'postgres://me:h4@rd/x?y#z@db/main', 'h4@rd/x?y#z'],
]
const samples: typeof ofUrls = [
  ...ofUrls,
  // As `resolve` leaves a URL that was given for a path.
  ...ofUrls.map(([what, url, secret]): [string, string, string] => [what, url.replace('//', '/'), secret]),
  ['a password or a token by its name', "host=db password='h4 rd' user=x", 'h4 rd'],
  ['a password or a token by its name', 'host=db password = h4rd user=x', 'h4rd'],
  ['a password or a token by its name', '{"password": "h4\\"rd"}', 'h4\\"rd'],
  ['a password or a token by its name', 'https://h/?user=x&access_token=h4rd&y=1', 'h4rd'],
  [
    'a private key',
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${letters}\n${letters}\n-----END OPENSSH PRIVATE KEY-----`,
    letters,
  ],
  ['a private key', `-----BEGIN RSA PRIVATE KEY-----\\n${letters}\\n${letters}`, letters],
  ['a private key', `PuTTY-User-Key-File-3: ssh-ed25519\n${letters}`, letters],
  ['a header with credentials', `Authorization: Bearer ${letters}`, letters],
  ['an AWS key', `AKIA${letters.toUpperCase().slice(0, 16)}`, letters.toUpperCase().slice(0, 16)],
  ['a token of Cutter', `ctk_${letters.repeat(3).slice(0, 43)}`, letters],
  ['an AWS key', `ASIA${letters.toUpperCase().slice(0, 16)}`, letters.toUpperCase().slice(0, 16)],
  ...['ghp', 'gho', 'ghu', 'ghs', 'ghr', 'github_pat'].map((kind): [string, string, string] => [
    'a GitHub token',
    `${kind}_${letters}`,
    letters,
  ]),
  ['a GitLab token', `glpat-${letters}`, letters],
  ['a Slack webhook', `https://hooks.slack.com/services/${letters}`, letters],
  ['a Google key', `AIza${letters.slice(0, 35)}`, letters.slice(0, 35)],
  ['an npm token', `npm_${letters}`, letters],
  ...['sk-live-', 'rk_test_', 'sk_ant-', 'rk-proj_'].map((kind): [string, string, string] => [
    'a secret key',
    `${kind}${letters}`,
    letters,
  ]),
  ['a Slack token', `xoxb-${'1234567890'}-${letters}`, letters],
  ['a JSON Web Token', `eyJ${letters}.eyJ${letters}.${letters}`, letters],
]

describe('a text with a secret', () => {
  test.each(samples)('is recognised as %s: %s', (what, text) => {
    expect(findSecretForm(`see ${text} there`)).toBe(what)
  })

  test.each(samples)('is redacted: %s %s', (_what, text, secret) => {
    const clean = redactSecretForms(`see ${text} there`)
    expect(clean).not.toContain(secret)
    expect(clean).toMatch(/^see .*\[redacted\]/s)
    expect(redactSecretForms(clean)).toBe(clean)
  })

  test('is located by its path in a value', () => {
    expect(locateSecretForm({ hosts: [{ at: samples[0]![1] }] }, 'input')).toEqual({
      path: 'input.hosts[0].at',
      what: 'a URL with a password',
    })
  })
})

test.each([
  'the password was changed by alice; password: see the vault',
  'http://localhost:8080/people/@me',
  'ssh://git@example.org/x.git',
  'postgresql://reader@db/main',
  'postgresql://db.example.org:5432/main',
  'basic misunderstandings',
  `sha256:${'0123456789abcdef'.repeat(4)}`,
  'ictr-20261120T121623Z-852aea2e',
  'token budget of 4096',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's.
  'PGPASSWORD=$DB_PASSWORD psql; TOKEN="${TOKEN}" curl https://me:${TOKEN}@host/x',
  '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ\n-----END SSH SIGNATURE-----',
])('redaction by patterns does not change: %s', (text) => {
  expect(findSecretForm(text)).toBe(null)
  expect(redactSecretForms(text)).toBe(text)
})

test.each(samples)('findSecretToken ignores secrets by name: %s %s', (what, text) => {
  const named = what === 'a password or a token by its name'
  expect(findSecretToken(text)).toBe(named ? null : what)
})

test('the patterns take linear time for adversarial texts', () => {
  const began = performance.now()
  for (const part of [
    'a://b:c',
    'postgres://b:c',
    'password ',
    '-----BEGIN PRIVATE KEY-----',
    'basic a',
    'eyJaaaaaaaaa.',
    'token="\\a',
  ])
    redactSecretForms(part.repeat(100_000))
  expect(performance.now() - began).toBeLessThan(8_000)
})
