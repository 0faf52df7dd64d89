import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aService, type HttpService } from '../support/http-service.ts'
import { makeSecurityKey, type SecurityKeySignature } from '../support/security-keys.ts'

/** Signing in by a passkey, with keys in software that sign what a browser would sign. */

const ALICE = 'alice@example.org'
const NAMESPACE = 'cutter.sign-in'
const alice = makeSecurityKey('ecdsa', 'localhost')
const mallory = makeSecurityKey('ecdsa', 'localhost')
const limited = makeSecurityKey('ecdsa', 'localhost')
const revoked = makeSecurityKey('ecdsa', 'localhost')

let at: HttpService
let origin: string
const from = (page: string) => ({ headers: { origin: page } })

beforeAll(async () => {
  at = await aService('approvals: { revokedKeys: ./revoked }\n')
  origin = `http://${new URL(at.url).host}`
  writeFileSync(join(at.home.folder, 'revoked'), `${revoked.publicKey}\n`, { mode: 0o600 })
  const lines = [
    `${ALICE} namespaces="cutter.*" ${alice.publicKey}`,
    `carol@example.org namespaces="cutter.cut.SG1" ${limited.publicKey}`,
    `rita@example.org ${revoked.publicKey}`,
    `*@pattern.org ${mallory.publicKey}`,
  ]
  writeFileSync(join(at.home.folder, 'allowed_signers'), `${lines.join('\n')}\n`, { mode: 0o600 })
})
afterAll(() => at.remove())

async function ask(principal = ALICE): Promise<string> {
  const { status, text } = await at.post('/api/v1/session/statement', undefined, { principal }, from(origin))
  expect(status).toBe(200)
  return text
}

const open = (statement: string, signature: string, page = origin) =>
  at.post('/api/v1/session', undefined, { passkey: { statement, signature } }, from(page))

/** As a browser signs: somebody was there, and the key checked who. */
const sign = (statement: string, { key = alice, namespace = NAMESPACE, ...use }: Given = {}) =>
  key.sign(statement, namespace, { flags: 5, origin, ...use })

interface Given extends SecurityKeySignature {
  key?: typeof alice
  namespace?: string
}

describe('a passkey that allowed_signers lists', () => {
  test('opens a session that reads everything and moves nothing', async () => {
    const statement = await ask()
    expect(JSON.parse(statement)).toMatchObject({ principal: ALICE, origin, type: 'urn:cutter:sign-in:v1' })
    const opened = await open(statement, sign(statement))
    expect([opened.status, opened.json.name, opened.json.role]).toEqual([
      201,
      `${ALICE} by passkey`,
      'viewer',
    ])
    const cookie = String(opened.headers['set-cookie']).split(';')[0]!
    const headers = { cookie, 'x-cutter-guard': opened.json.guard, origin }
    expect((await at.get('/api/v1/runs', undefined, { headers })).status).toBe(200)
    const body = { machine: 'cut', input: {} }
    expect((await at.post('/api/v1/runs', undefined, body, { headers })).json.code).toBe('ACCESS_REFUSED')
    expect((await at.post('/api/v1/tokens', undefined, {}, { headers })).status).toBeGreaterThan(399)
  })

  test('leaves a token in the list, which an admin can revoke', async () => {
    const statement = await ask()
    const { headers, json } = await open(statement, sign(statement))
    const session = { cookie: String(headers['set-cookie']).split(';')[0]!, 'x-cutter-guard': json.guard }
    const admin = await at.token({ name: 'ann', role: 'admin' })
    const { json: tokens } = await at.get('/api/v1/tokens', admin)
    const mine = tokens.filter(({ name }: { name: string }) => name === `${ALICE} by passkey`).at(-1)
    expect(mine.createdBy).toMatch(/^passkey SHA256:/)
    for (const { tokenId, name } of tokens)
      if (name === `${ALICE} by passkey`)
        expect((await at.post(`/api/v1/tokens/${tokenId}/revoke`, admin, {})).status).toBe(200)
    expect((await at.get('/api/v1/runs', undefined, { headers: session })).status).toBe(401)
  })
})

describe('nobody is signed in by', () => {
  let statement: string
  beforeEach(async () => {
    statement = await ask()
  })
  const refused = async (answer: ReturnType<typeof open>, why: string) => {
    const { status, json, headers } = await answer
    expect([status, json.code]).toEqual([401, 'TOKEN_REFUSED'])
    expect(json.detail).toContain(why)
    expect(headers['set-cookie']).toBeUndefined()
  }

  test('a signature that was used before', async () => {
    const signature = sign(statement)
    expect((await open(statement, signature)).status).toBe(201)
    await refused(open(statement, signature), 'used already')
  })

  test('a statement that the service did not make', async () => {
    const own = statement.replace('"nonce":"', '"nonce":"x')
    await refused(open(own, sign(own)), 'used already, is too old, or is of another page')
  })

  test('the signature of another statement', () =>
    refused(open(statement, sign(`${statement} `)), 'not-of-this-text'))

  test('a signature that was made for an approval', () =>
    refused(open(statement, sign(statement, { namespace: 'cutter.cut.SG1' })), 'not-of-this-text'))

  test('a key that is not listed', () =>
    refused(open(statement, sign(statement, { key: makeSecurityKey('ecdsa', 'localhost') })), 'not-listed'))

  test('a key that is listed for somebody else', () =>
    refused(open(statement, sign(statement, { key: limited })), 'not-listed'))

  test('a key that is listed for other namespaces', async () => {
    const carols = await ask('carol@example.org')
    await refused(open(carols, sign(carols, { key: limited })), 'not-listed')
  })

  test('a revoked key', async () => {
    const hers = await ask('rita@example.org')
    await refused(open(hers, sign(hers, { key: revoked })), 'revoked')
  })

  test('a key that is listed by a pattern', async () => {
    const theirs = await ask('mallory@pattern.org')
    await refused(open(theirs, sign(theirs, { key: mallory })), 'by a pattern only')
  })

  test.each([
    ['nobody touched', 0x00, 'nobody touched'],
    ['checked nobody', 0x01, 'did not check who'],
  ])('a key that %s', async (_, flags, why) => refused(open(statement, sign(statement, { flags })), why))

  test('a page of another origin', () =>
    refused(open(statement, sign(statement, { origin: 'https://evil.example' })), 'evil.example'))

  test('a frame in a page of another origin', () =>
    refused(open(statement, sign(statement, { clientDataEnd: ',"crossOrigin":true' })), 'inside a page'))

  test('a security key of a command line, which knows no page', async () => {
    // Its signature covers no origin, so it could have been asked for by anybody.
    await refused(open(statement, alice.sign(statement, NAMESPACE, { flags: 5 })), 'web page')
  })

  test('a request without an Origin', async () => {
    const body = { passkey: { statement, signature: sign(statement) } }
    const { status, json } = await at.post('/api/v1/session', undefined, body)
    expect([status, json.detail]).toEqual([403, expect.stringContaining('has no Origin')])
  })
})
