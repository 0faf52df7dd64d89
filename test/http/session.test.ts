import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revokeToken } from '../../src/service/tokens/revoke.ts'
import { aService, type HttpService } from '../support/http-service.ts'

let at: HttpService
let token: string

beforeAll(async () => {
  at = await aService()
  token = await at.token({ name: 'vera', role: 'viewer' })
})
afterAll(() => at.remove())

interface Opened {
  cookie: string
  guard: string
}

/** Signs in as a page does. */
async function signIn(given: object = { token }): Promise<Opened> {
  const { status, headers, json } = await at.post('/api/v1/session', undefined, given)
  expect(status).toBe(201)
  return { cookie: String(headers['set-cookie']).split(';')[0]!, guard: json.guard }
}

const headersOf = ({ cookie, guard }: Opened, more: { [name: string]: string } = {}) => ({
  headers: { cookie, 'x-cutter-guard': guard, ...more },
})
const HOLD = { reason: 'a test' }

describe('a session of a browser', () => {
  test('is a cookie that no script reads and no other site sends, and never the token', async () => {
    const { headers, text } = await at.post('/api/v1/session', undefined, { token })
    const [cookie] = headers['set-cookie'] as unknown as string[]
    const port = new URL(at.url).port
    expect(cookie).toMatch(
      new RegExp(`^cutter-session-${port}=[\\w-]{43}; Path=/api/; HttpOnly; SameSite=Strict$`),
    )
    expect(`${cookie}${text}`).not.toContain(token)
    expect(`${at.logged}`).not.toContain(token)
  })

  test('is sent over TLS only when the page was', async () => {
    const origin = `https://${new URL(at.url).host}`
    const { headers } = await at.post('/api/v1/session', undefined, { token }, { headers: { origin } })
    expect(String(headers['set-cookie'])).toMatch(/; Secure$/)
  })

  test('stands for its token, with the guard that only pages of this origin can read', async () => {
    const session = await signIn()
    const read = await at.get('/api/v1/session', undefined, headersOf(session))
    expect(read.json).toEqual({ name: 'vera', role: 'viewer', machines: null, runId: null })
    const other = await signIn()
    for (const wrong of [
      { headers: { cookie: session.cookie } },
      { headers: { 'x-cutter-guard': session.guard } },
      headersOf({ ...session, guard: other.guard }),
      headersOf({ ...session, cookie: `${session.cookie}x` }),
      headersOf({ ...session, cookie: session.cookie.replace(/-\d+=/, '=') }),
    ])
      expect((await at.get('/api/v1/session', undefined, wrong)).status).toBe(401)
  })

  test('changes something only by a request that names the service as its origin', async () => {
    const session = await signIn()
    const origin = at.url
    const hold = (headers: { [name: string]: string }) =>
      at.post('/api/v1/hold/on', undefined, HOLD, headersOf(session, headers))
    for (const headers of [
      {},
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { origin: origin.replace('127.0.0.1', 'localhost') },
    ] as { [name: string]: string }[])
      expect([headers, (await hold(headers)).status]).toEqual([headers, 403])
    expect((await at.get('/api/v1/hold', token)).json.on).toBe(false)
    const { status, json } = await hold({ origin })
    expect([status, json.on, json.by]).toEqual([200, true, 'vera'])
  })

  test('ends with sign-out', async () => {
    const session = await signIn()
    const ended = await at.post('/api/v1/session/end', undefined, {}, headersOf(session, { origin: at.url }))
    expect(String(ended.headers['set-cookie'])).toContain('Max-Age=0')
    expect((await at.get('/api/v1/session', undefined, headersOf(session))).status).toBe(401)
  })

  test('ends when its token is revoked', async () => {
    const session = await signIn({ token: await at.token({ name: 'gone', role: 'viewer' }) })
    expect((await at.get('/api/v1/session', undefined, headersOf(session))).status).toBe(200)
    await revokeToken(at.home, { token: 'gone' })
    expect((await at.get('/api/v1/session', undefined, headersOf(session))).status).toBe(401)
  })

  test('is refused without a token that counts', async () => {
    for (const given of [{}, { token: 'ctk_no' }, { token: `${token} x` }, { code: 'none' }]) {
      const { status, headers } = await at.post('/api/v1/session', undefined, given)
      expect([given, status, headers['set-cookie']]).toEqual([given, 401, undefined])
    }
  })

  test('is opened once by the code of a sign-in link', async () => {
    const code = at.service.sessions.makeCode(token)
    const session = await signIn({ code })
    expect((await at.get('/api/v1/session', undefined, headersOf(session))).status).toBe(200)
    expect((await at.post('/api/v1/session', undefined, { code })).json.code).toBe('TOKEN_REFUSED')
  })
})

describe('the files of the page', () => {
  test.each(['/', '/runs', '/runs/abc', '/runs/abc/gate', '/documents', '/keys', '/page/page.js'])(
    '%s need no token, run nothing inline and load nothing from elsewhere',
    async (path) => {
      const { status, headers, text } = await at.get(path)
      expect(status).toBe(200)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:/)
      if (!path.endsWith('.js')) expect(text).not.toMatch(/<script>|<style|style=|onclick|https?:/)
    },
  )

  test('open by a link on another site, which sends no session, and not under a foreign name', async () => {
    const linked = await at.get('/runs/abc/gate', undefined, { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(linked.status).toBe(200)
    expect((await at.get('/', undefined, { headers: { host: 'evil.example' } })).status).toBe(421)
  })

  test('are at most 120 KB when they are sent compressed', async () => {
    const headers = { 'accept-encoding': 'br' }
    const sizes = await Promise.all(
      ['/', '/page/page.js', '/page/style.css', '/page/icon.svg'].map(async (path) => {
        const answer = await at.get(path, undefined, { headers })
        expect(answer.headers['content-encoding']).toBe('br')
        return Number(answer.headers['content-length'])
      }),
    )
    expect(sizes.every((size) => size > 100)).toBe(true)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(120 * 1_024)
  })
})
