import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aService, type HttpService } from '../support/http-service.ts'

/** Requests that no honest client sends. */

let at: HttpService
let admin: string

beforeAll(async () => {
  at = await aService('', { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 })
  admin = await at.token({ name: 'ann', role: 'admin' })
})
afterAll(() => at.remove())

const PATH = '/api/v1/tokens'
const BODY = { name: 'x', role: 'viewer' }

describe('a request is refused', () => {
  test.each(['evil.example', 'evil.example:7433', '127.0.0.1.evil.example'])(
    'with the Host %j, before its token is read',
    async (host) => {
      const { status, json } = await at.get(PATH, undefined, { headers: { host } })
      expect([status, json.touched]).toEqual([421, []])
    },
  )

  test('with two Host headers or none', async () => {
    for (const lines of ['host: 127.0.0.1\r\nhost: evil.example\r\n', ''])
      expect(await raw(`GET /healthz HTTP/1.1\r\n${lines}connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/)
  })

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('from a page of another site: %j', async (headers) => {
    expect((await at.post(PATH, admin, BODY, { headers: headers as never })).status).toBe(403)
  })

  test('by a method that the path does not have, and the answer names those that it has', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await at.get(PATH, admin, { method })
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, POST'])
    }
  })

  test.each([
    '/api/v1/nothing',
    '/api/v1/runs/a/b/c',
    '//api/v1/tokens',
    '/api/v1/runs/..%2f..%2f..',
    '/%00',
  ])('at the path %s', async (path) => {
    expect((await at.get(path, admin)).status).toBe(404)
  })

  test('with parameters or fields that are unknown or given twice', async () => {
    expect((await at.get(`/api/v1/runs?token=${admin}`, admin)).status).toBe(400)
    expect((await at.get('/api/v1/runs?limit=1&limit=2', admin)).status).toBe(400)
    expect((await at.post(PATH, admin, { ...BODY, __proto__x: 1 })).status).toBe(400)
    expect(
      (await at.post(PATH, admin, '{"name":"x","role":"viewer","__proto__":{"role":"admin"}}')).status,
    ).toBe(400)
  })

  test.each([
    ['too large', JSON.stringify({ ...BODY, by: 'x'.repeat(1024 * 1024) }), 413],
    ['too deep', `${'['.repeat(100)}${']'.repeat(100)}`, 400],
    ['very deep', '['.repeat(500_000), 400],
    ['cut short', '{"name":', 400],
    ['a list', '[]', 400],
    ['a string of quotes without an end', `"${'\\"'.repeat(250_000)}`, 400],
  ])('with a body that is %s', async (_, body, status) => {
    expect((await at.post(PATH, admin, body)).status).toBe(status)
  })

  test('with a body that is too large and does not say so', async () => {
    const head = `POST ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${admin}\r\ncontent-type: application/json\r\n`
    const piece = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const answer = await raw(
      `${head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n${piece.repeat(20)}0\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('with a body of another type', async () => {
    const headers = { 'content-type': 'text/plain' }
    expect((await at.post(PATH, admin, BODY, { headers })).status).toBe(415)
  })

  test('when its headers are too long', async () => {
    expect((await at.get(PATH, admin, { headers: { 'x-long': 'x'.repeat(20_000) } })).status).toBe(431)
  })
})

test('a connection is kept longer than the minute for which proxies and clients keep theirs', async () => {
  expect((await fetch(`${at.url}/healthz`)).headers.get('keep-alive')).toBe('timeout=65')
})

test('a client that sends its request too slowly is cut off', async () => {
  expect(await raw('GET /healthz HTTP/1.1\r\nhost: 127')).toMatch(/^(HTTP\/1\.1 408 |$)/)
  const head = `POST ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${admin}\r\n`
  expect(await raw(`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`)).toMatch(
    /^(HTTP\/1\.1 4\d\d |$)/,
  )
  expect((await at.get('/healthz')).status).toBe(200)
})

test('no token is logged or answered, whatever the request was', async () => {
  const answers = [
    await at.get(PATH, admin),
    await at.post(PATH, admin, { name: admin, role: 'viewer' }),
    await at.get(`/api/v1/runs/${admin}`, admin),
    await at.get(`/api/v1/runs?text=${admin}`, undefined),
  ]
  expect(at.logged.length).toBeGreaterThan(answers.length)
  for (const line of at.logged) expect(line).not.toContain(admin)
})

/** Sends bytes as they are, and reads until the service ends the connection. */
function raw(bytes: string): Promise<string> {
  return new Promise((done) => {
    const parts: Buffer[] = []
    const finish = () => done(Buffer.concat(parts).toString())
    connect(Number(new URL(at.url).port), '127.0.0.1')
      .on('data', (part) => parts.push(part))
      .on('close', finish)
      .on('error', finish)
      .write(bytes)
  })
}
