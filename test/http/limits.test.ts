import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/service/access/rate-limits.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** How much one caller may take of a service. */

let at: HttpService | null = null
afterEach(async () => {
  await at?.remove()
  at = null
})

const PATH = '/api/v1/hold'

describe('requests are refused with 429 and a time', () => {
  test('beyond the limit of a token, on the socket too, and those of another token are not', async () => {
    at = await aService('', { limits: { ...LIMITS, requestsByToken: 5 } })
    const [busy, calm] = [
      await at.token({ name: 'busy', role: 'viewer' }),
      await at.token({ name: 'calm', role: 'viewer' }),
    ]
    for (let count = 0; count < 5; count++) expect((await at.get(PATH, busy)).status).toBe(200)
    for (const local of [false, true]) {
      const { status, headers, json } = await at.get(PATH, busy, { local })
      expect([status, json.code, json.touched]).toEqual([429, 'USAGE', []])
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect((await at.get(PATH, calm)).status).toBe(200)
  })

  test('of an address that tried too many tokens, before the next one is read', async () => {
    at = await aService('', { limits: { ...LIMITS, refusedByAddress: 3 } })
    const token = await at.token({ name: 'ann', role: 'viewer' })
    for (let count = 0; count < 4; count++) expect((await at.get(PATH, 'no-token')).status).toBe(401)
    expect((await at.get(PATH, 'no-token')).status).toBe(429)
    expect((await at.get(PATH, token)).status).toBe(429)
    expect((await at.get(PATH, token, { local: true })).status).toBe(200)
  })

  test('of a flood from one address, and the service answers others by the socket', async () => {
    at = await aService('', { limits: { ...LIMITS, requestsByAddress: 20 } })
    const token = await at.token({ name: 'ann', role: 'viewer' })
    const answers = await Promise.all(Array.from({ length: 60 }, () => at!.get('/healthz')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(20)
    expect(statuses.filter((status) => status === 429)).toHaveLength(40)
    expect((await at.get(PATH, token, { local: true })).status).toBe(200)
  })
})

describe('X-Forwarded-For', () => {
  const from = (address: string) =>
    at!.get('/healthz', undefined, { headers: { 'x-forwarded-for': address } })

  test('counts not at all without trusted proxies', async () => {
    at = await aService('', { limits: { ...LIMITS, requestsByAddress: 3 } })
    for (let count = 0; count < 3; count++) expect((await from(`10.0.0.${count}`)).status).toBe(200)
    expect((await from('10.0.0.99')).status).toBe(429)
  })

  test('counts as the trusted proxy wrote it, whatever its caller wrote before', async () => {
    at = await aService('proxy: { hops: 1 }\n', { limits: { ...LIMITS, requestsByAddress: 3 } })
    for (let count = 0; count < 3; count++) expect((await from(`1.2.3.${count}, 10.0.0.1`)).status).toBe(200)
    expect((await from('9.9.9.9, 10.0.0.1')).status).toBe(429)
    expect((await from('10.0.0.1, 10.0.0.2')).status).toBe(200)
  })
})

test('a name of cutter.yaml is a name of the service', async () => {
  at = await aService('names: [cutter.example.org]\n')
  const asked = async (host: string) => (await at!.get('/healthz', undefined, { headers: { host } })).status
  expect(await asked('cutter.example.org')).toBe(200)
  expect(await asked('evil.example.org')).toBe(421)
})

describe('event streams', () => {
  const open = (token: string) => {
    const socket = connect(Number(new URL(at!.url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    socket.on('error', () => {})
    socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`)
    return { socket, status: () => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1], text: () => text }
  }

  test('are limited by token and altogether, and one that ends makes room', async () => {
    at = await aService('', { limits: { ...LIMITS, streamsByToken: 2, streams: 3 } })
    const [ann, ben] = [
      await at.token({ name: 'ann', role: 'viewer' }),
      await at.token({ name: 'ben', role: 'viewer' }),
    ]
    const opened = [open(ann), open(ann)]
    for (const one of opened) await expect.poll(one.status).toBe('200')
    const third = open(ann)
    await expect.poll(third.status).toBe('429')
    const other = open(ben)
    await expect.poll(other.status).toBe('200')
    const more = open(ben)
    await expect.poll(more.status).toBe('429')
    opened[0]!.socket.destroy()
    await expect
      .poll(async () => {
        const again = open(ann)
        await expect.poll(again.status).toBeDefined()
        const status = again.status()
        if (status !== '200') again.socket.destroy()
        return status
      })
      .toBe('200')
    for (const one of [...opened, third, other, more]) one.socket.destroy()
  })
})

test('a key of tls that everybody may read, and one that is missing, keep the service from starting', async () => {
  const { openServiceHome } = await import('../support/service-home.ts')
  const { openService } = await import('../../src/service/serve.ts')
  const opened = openServiceHome('tls: { key: ./key.pem, cert: ./cert.pem }\n')
  try {
    await expect(openService(opened.home)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    for (const name of ['key.pem', 'cert.pem'])
      writeFileSync(`${opened.home.folder}/${name}`, 'text', { mode: 0o644 })
    await expect(openService(opened.home)).rejects.toMatchObject({ code: 'FILES_UNSAFE' })
  } finally {
    await opened.remove()
  }
})
