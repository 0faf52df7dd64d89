import { copyFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { ENDPOINTS } from '../../src/http/endpoints.ts'
import { DEEDS, type Deed } from '../../src/service/access/deeds.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** Whoever may not do a thing is refused before the service reads what was sent with it. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

/** Requests with a body whose caller’s role is not known to be enough before the body is read, with the reason. */
const EXCEPTIONS: { [request: string]: string } = {
  'post /api/v1/session': 'it takes no token: the body brings one',
  'post /api/v1/session/statement': 'it takes no token',
  'post /api/v1/session/end': 'everybody may end a session of their own, and the body has no fields',
  'post /api/v1/runs/{run}/statement': 'everybody who reaches the run may compose, a read-only link too',
  'post /api/v1/cli': 'the role depends on the words of the command',
}

let at: HttpService
let viewer: string
let link: string
let operator: string

beforeAll(async () => {
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  const file = join(at.home.folder, 'key')
  copyFileSync(EXAMPLE, join(at.home.folder, 'rotate-keys.ts'))
  writeFileSync(file, 'a key\n')
  operator = await at.token({ name: 'deploybot', role: 'operator' })
  viewer = await at.token({ name: 'vera', role: 'viewer' })
  const { json } = await at.post('/api/v1/runs', operator, { machine: 'rotate-keys', input: { file } })
  link = await at.token({ name: 'guest', role: 'viewer', run: json.runId })
})
afterAll(() => at.remove())

const nameOf = ({ method, path }: Endpoint) => `${method} ${path}`
const deeds = ENDPOINTS.filter(({ deed }) => deed !== null).map((one): [string, Deed, Endpoint] => [
  nameOf(one),
  one.deed!,
  one,
])
/** Somebody whose role is one below that of a deed. */
const tokenBelow = (deed: Deed) => ({ viewer: link, operator: viewer, admin: operator })[DEEDS[deed]]

test('every request with a body has its role checked first, or is an exception with a reason', () => {
  const sends = ENDPOINTS.filter(({ body, takesBytes }) => body !== null || takesBytes)
  const open = sends.filter(({ deed }) => deed === null).map(nameOf)
  expect(open.sort()).toEqual(Object.keys(EXCEPTIONS).sort())
  expect(deeds.length).toBeGreaterThan(25)
})

describe('a caller of a lower role is refused before anything else of the request is read', () => {
  test.each(deeds)('by %s: may not %s', async (_, deed, { method, path }) => {
    const token = tokenBelow(deed)
    const there = `${path.replaceAll(/\{\w+\}/g, 'nothing-there')}?unknown=1`
    const { status, json } =
      method === 'get' ? await at.get(there, token) : await at.post(there, token, '{ no JSON')
    expect([status, json.code, json.touched]).toEqual([403, 'ACCESS_REFUSED', []])
    expect(json.detail).toContain(`may not ${deed};`)
  })

  test('and has the answer without having sent a body', async () => {
    const head = `POST /api/v1/uploads HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${viewer}\r\ncontent-length: 60000000\r\n\r\n`
    const socket = connect(Number(new URL(at.url).port), '127.0.0.1')
    const answer = await new Promise<string>((done, fail) => {
      socket.once('data', (part) => done(part.toString())).once('error', fail)
      socket.write(head)
    })
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  })
})
