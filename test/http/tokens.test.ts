import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../../src/service/serve.ts'
import { revokeToken } from '../../src/service/tokens/revoke.ts'
import { aService, type HttpService } from '../support/http-service.ts'

let at: HttpService
let admin: string
let viewer: string

beforeAll(async () => {
  at = await aService()
  admin = await at.token({ name: 'ann', role: 'admin' })
  viewer = await at.token({ name: 'vera', role: 'viewer' })
})
afterAll(() => at.remove())

describe('the service', () => {
  test('lives and is ready without a token', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect(await at.get(path)).toMatchObject({ status: 200, json: { status: 'ok' } })
    expect((await at.get('/openapi.json')).json).toMatchObject({ openapi: '3.1.0' })
  })

  test('answers through a socket that only its user and group reach', async () => {
    expect(at.socket).toBe(join(at.home.folder, 'var', 'cutter.sock'))
    expect(statSync(at.socket).mode & 0o777).toBe(0o660)
    expect((await at.get('/api/v1/tokens', admin, { local: true })).status).toBe(200)
    expect((await at.get('/api/v1/tokens', undefined, { local: true })).status).toBe(401)
  })

  test('is refused a second time in one home, by the process and its address', async () => {
    await expect(openService(at.home)).rejects.toMatchObject({
      code: 'SERVICE_RUNNING',
      message: `process ${process.pid} serves ${at.home.folder} already at ${at.url}; nothing was started`,
    })
    expect((await at.get('/healthz')).status).toBe(200)
  })
})

describe('a token', () => {
  test.each([
    ['none', undefined, 'brings no token'],
    ['another scheme', 'Basic YTpi', 'brings no token'],
    ['an unknown token', `Bearer ctk_${'A'.repeat(43)}`, 'is not known'],
    ['something else', 'Bearer hello', 'is not known'],
  ])('is needed: %s is refused', async (_, authorization, words) => {
    const headers = authorization === undefined ? {} : { authorization }
    const { status, headers: answered, json } = await at.get('/api/v1/tokens', undefined, { headers })
    expect([status, answered['www-authenticate'], json.code]).toEqual([401, 'Bearer', 'TOKEN_REFUSED'])
    expect(json.detail).toContain(words)
    expect(answered['content-type']).toBe('application/problem+json')
    expect(json).toMatchObject({ status: 401, title: 'Unauthorized', touched: [], next: expect.any(String) })
  })

  test('is kept as its SHA-256 alone', () => {
    const files = readdirSync(join(at.home.folder, 'var')).filter((name) => name.startsWith('cutter.db'))
    const kept = files.map((name) => readFileSync(join(at.home.folder, 'var', name), 'latin1')).join('')
    expect(kept).toContain('vera')
    for (const token of [admin, viewer]) expect(kept).not.toContain(token.slice(4))
  })

  test('tells when it was used last', async () => {
    const used = await at.token({ name: 'used', role: 'viewer' })
    const lastUse = async () => {
      const { json } = await at.get('/api/v1/tokens', admin)
      return json.find(({ name }: { name: string }) => name === 'used').lastUsedAt
    }
    expect(await lastUse()).toBeNull()
    const before = Date.now()
    await at.get('/api/v1/hold', used)
    expect(Date.parse(await lastUse())).toBeGreaterThanOrEqual(before)
  })

  test('that is revoked or expired is refused with that word', async () => {
    const gone = await at.token({ name: 'gone', role: 'viewer' })
    await revokeToken(at.home, { token: 'gone' })
    expect((await at.get('/api/v1/tokens', gone)).json.detail).toMatch(/of gone was revoked at /)
    const old = await at.token({ name: 'old', role: 'viewer', expires: '1s' })
    await expect
      .poll(async () => (await at.get('/api/v1/tokens', old)).json.detail)
      .toMatch(/of old expired at /)
  })

  test('is made, listed and revoked by an admin only', async () => {
    const refused = await at.get('/api/v1/tokens', viewer)
    expect(refused).toMatchObject({ status: 403, json: { code: 'ACCESS_REFUSED', role: 'admin' } })
    const body = { name: 'bob', role: 'operator', machines: ['cut'] }
    expect((await at.post('/api/v1/tokens', viewer, body)).json.code).toBe('ACCESS_REFUSED')
    const made = await at.post('/api/v1/tokens', admin, body)
    expect(made).toMatchObject({
      status: 201,
      json: { name: 'bob', createdBy: 'ann', machines: ['cut'], valid: true },
    })
    const { token, tokenId } = made.json
    const listed = await at.get('/api/v1/tokens', admin)
    expect(listed.text).toContain(tokenId)
    expect(listed.text).not.toContain(token)
    const revoked = await at.post(`/api/v1/tokens/${tokenId}/revoke`, admin, {})
    expect(revoked).toMatchObject({ status: 200, json: { valid: false, revokedBy: 'ann' } })
    expect((await at.get('/api/v1/tokens', token)).status).toBe(401)
  })

  test('has its own name: a second one that counts, and the name of somebody else as the operator, are refused', async () => {
    const same = await at.post('/api/v1/tokens', admin, { name: 'VERA', role: 'viewer' })
    expect(same).toMatchObject({ status: 422, json: { code: 'INPUT_REFUSED' } })
    const other = await at.post('/api/v1/tokens', admin, { name: 'carl', role: 'viewer', by: 'vera' })
    expect(other).toMatchObject({ status: 403, json: { code: 'OPERATOR_REFUSED', touched: [] } })
  })

  test.each([
    [{ name: 'x', role: 'operator', run: 'r' }, 400, 'USAGE'],
    [{ name: 'x', role: 'owner' }, 400, 'USAGE'],
    [{ name: 'x', role: 'viewer', expires: '9999d' }, 400, 'USAGE'],
    [{ name: 'x', role: 'viewer', extra: 1 }, 400, 'USAGE'],
    [{ name: 'engine', role: 'viewer' }, 400, 'USAGE'],
    [{ name: 'x', role: 'viewer', machines: ['none'] }, 404, 'MACHINE_NOT_FOUND'],
    [{ name: 'x', role: 'viewer', run: 'none' }, 404, 'RUN_NOT_FOUND'],
  ])('is not made of %j', async (body, status, code) => {
    const answer = await at.post('/api/v1/tokens', admin, body)
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })
})

test('nothing is left when the service ends', async () => {
  const other = await aService()
  const { folder } = other.home
  expect(existsSync(join(folder, 'var/service.json'))).toBe(true)
  await other.remove()
  expect(existsSync(other.socket)).toBe(false)
})
