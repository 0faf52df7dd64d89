import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** What a token that is limited to machines does not reach. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: HttpService
let keys: KeyFolder
let admin: string
/** An admin of other machines than the one whose run there is. */
let limited: string
let runId: string

beforeAll(async () => {
  keys = openKeyFolder()
  keys.key('alice')
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  const inHome = (name: string) => join(at.home.folder, name)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  writeFileSync(inHome('allowed_signers'), `alice ${keys.publicKey('alice')}\n`, { mode: 0o600 })
  admin = await at.token({ name: 'ann', role: 'admin' })
  limited = await at.token({ name: 'lena', role: 'admin', machines: ['cut', 'rollback', 'teardown'] })
  const body = { machine: 'rotate-keys', input: { file: inHome('key') }, key: 'once' }
  runId = (await at.post('/api/v1/runs', admin, body)).json.runId
})
afterAll(async () => {
  await at.remove()
  keys.remove()
})

describe('an admin limited to machines', () => {
  test.each([
    ['tokens', { name: 'x', role: 'viewer' }],
    ['tokens', { name: 'x', role: 'viewer', machines: ['cut', 'deploy'] }],
    ['tokens/ann/revoke', {}],
    ['execution/enable', { for: '1h', reason: 'a test' }],
    ['hold/off', { reason: 'a test' }],
  ])('is refused %s with %j', async (path, body) => {
    const { status, json } = await at.post(`/api/v1/${path}`, limited, body)
    expect([status, json.code]).toEqual([403, 'ACCESS_REFUSED'])
  })

  test('makes, lists and revokes tokens of its machines', async () => {
    const made = await at.post('/api/v1/tokens', limited, { name: 'cato', role: 'viewer', machines: ['cut'] })
    expect(made.status).toBe(201)
    const { json: listed } = await at.get('/api/v1/tokens', limited)
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(['lena', 'cato'])
    expect((await at.post('/api/v1/tokens/cato/revoke', limited, {})).status).toBe(200)
  })

  test('makes no link to a run of another machine', async () => {
    const link = { name: 'guest', role: 'viewer', run: runId }
    expect((await at.post('/api/v1/tokens', limited, link)).json.code).toBe('RUN_NOT_FOUND')
  })
})

describe('a run of another machine', () => {
  const start = (body: object) => at.post('/api/v1/runs', limited, body)

  test.each(['rollback', 'teardown'])('is not the run of a %s', async (machine) => {
    const { json } = await start({ machine, input: { run: runId } })
    expect(json).toMatchObject({ code: 'RUN_NOT_FOUND', touched: [] })
  })

  test('is not named by the answer to its start key', async () => {
    const { status, text } = await start({ machine: 'teardown', input: { run: 'x' }, key: 'once' })
    expect(status).toBe(409)
    expect(text).toContain('the key once was used for another run')
    expect(text).not.toContain(runId)
  })

  test('is not listed among those that are released from a hold', async () => {
    await at.post('/api/v1/hold/on', admin, { reason: 'a test' })
    await at.post(`/api/v1/hold/release/${runId}`, admin, {})
    expect((await at.get('/api/v1/hold', admin)).json.released).toEqual([runId])
    expect((await at.get('/api/v1/hold', limited)).json).toMatchObject({ on: true, released: [] })
    await at.post('/api/v1/hold/off', admin, {})
  })

  test('takes no approval from the caller', async () => {
    const statement = (await at.post(`/api/v1/runs/${runId}/statement`, admin, { as: 'alice' })).text
    const namespace = 'cutter.rotate-keys.SG1'
    const signature = await signText({ text: statement, keyFile: keys.path('alice'), namespace })
    const body = { statement, signature }
    expect((await at.post('/api/v1/approvals', limited, body)).json.code).toBe('RUN_NOT_FOUND')
    expect((await at.post('/api/v1/approvals', admin, body)).status).toBe(201)
  })
})
