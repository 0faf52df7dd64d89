import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openHome } from '../../src/app/open-home.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** Code that a caller brings: none, unless cutter.yaml says `allowUploadedMachines`. */

const MODULE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')
const ALLOWED = 'allowUploadedMachines: true\n'
/** What it prints once it is loaded, so that a test sees whether any of it ran. */
const RAN = 'globalThis.uploadedCodeRan = true\n'
const ran = () => (globalThis as { uploadedCodeRan?: boolean }).uploadedCodeRan === true

let at: HttpService
afterEach(async () => {
  delete (globalThis as { uploadedCodeRan?: boolean }).uploadedCodeRan
  await at.remove()
})

async function opened(config: string): Promise<{ admin: string; operator: string }> {
  at = await aService(config)
  writeFileSync(join(at.home.folder, 'key'), 'the first key\n')
  return {
    admin: await at.token({ name: 'ann', role: 'admin' }),
    operator: await at.token({ name: 'deploybot', role: 'operator' }),
  }
}

const upload = async (token: string, bytes: string) =>
  (
    await at.post('/api/v1/uploads', token, bytes, {
      headers: { 'content-type': 'application/octet-stream' },
    })
  ).json.upload as string

const start = (token: string, machine: string, more: object = {}) =>
  at.post('/api/v1/runs', token, { machine, input: { file: join(at.home.folder, 'key') }, ...more })

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

describe('a machine that was uploaded is refused, and nothing of it runs,', () => {
  test.each([
    ['for an admin without the setting', '', 'admin', {}, 422, 'allowUploadedMachines'],
    ['for an operator', ALLOWED, 'operator', {}, 403, 'may not bring machines'],
    ['for an operator without the setting', '', 'operator', {}, 403, 'may not bring machines'],
    ['for an admin of some machines', ALLOWED, 'admin', { machines: ['cut'] }, 403, 'may not bring machines'],
    [
      'where only cutter.yaml names modules',
      `${ALLOWED}approvals: { strict: owner }\n`,
      'admin',
      {},
      422,
      'approvals.strict is owner',
    ],
  ] as const)('%s', async (_, config, role, scope, status, words) => {
    const { operator } = await opened(config)
    const token = await at.token({ name: 'eve', role, ...(scope as { machines?: string[] }) })
    const machine = await upload(operator, RAN + MODULE)
    const answer = await start(token, machine)
    expect(answer.status).toBe(status)
    expect(answer.json.code).toBe(status === 403 ? 'ACCESS_REFUSED' : 'INPUT_REFUSED')
    expect(answer.json.detail).toContain(words)
    expect(answer.json.touched).toEqual([])
    expect(ran()).toBe(false)
  })

  test.each([
    ['that has too many bytes', async (token: string) => upload(token, `${RAN}//${'x'.repeat(1_048_577)}`)],
    ['that nobody sent', async () => `upload:${'0'.repeat(64)}`],
    [
      'that is a folder',
      async (token: string) => {
        const file = await upload(token, 'select 1;\n')
        const made = await at.post('/api/v1/uploads/folders', token, {
          name: 'one',
          files: { 'up.sql': file },
        })
        return made.json.upload as string
      },
    ],
    ['that has the name of one of cutter.yaml', (token: string) => upload(token, MODULE)],
  ])('with the setting, for one %s', async (_, named) => {
    const { admin } = await opened(`${ALLOWED}machines: { rotate-keys: ./rotate-keys.ts }\n`)
    writeFileSync(join(at.home.folder, 'rotate-keys.ts'), MODULE)
    const { status, json } = await start(admin, await named(admin))
    expect([status, json.code, json.touched]).toEqual([422, 'INPUT_REFUSED', []])
    expect(ran()).toBe(false)
  })

  test('for an agent, whose token is that of an admin', async () => {
    const { admin } = await opened(ALLOWED)
    const machine = await upload(admin, RAN + MODULE)
    const { text } = await at.post(
      '/mcp',
      admin,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'start_dry_run',
          arguments: { machine, input: { file: join(at.home.folder, 'key') } },
        },
      },
      { headers: { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' } },
    )
    expect(text).toContain('an agent brings no code')
    expect(ran()).toBe(false)
  })
})

describe('with the setting an admin starts a machine that was uploaded', () => {
  test('and its run has the gates and the record of every other', async () => {
    const { admin, operator } = await opened(ALLOWED)
    const text = RAN + MODULE
    const { status, json } = await start(admin, await upload(admin, text))
    expect([status, json.machine, json.status, json.gate]).toEqual([201, 'rotate-keys', 'paused', 'SG1'])
    expect(json.startedBy).toBe('ann')
    const history = await at.get(`/api/v1/runs/${json.runId}/history`, operator)
    expect(history.text).toContain(digestOf(text))
    const live = await start(admin, `upload:${digestOf(text)}`, { mode: 'live' })
    expect(live.json).toMatchObject({ code: 'LIVE_REFUSED', touched: [] })
    const cancelled = await at.post(`/api/v1/runs/${json.runId}/cancel`, operator, { reason: 'a test' })
    expect(cancelled.json).toMatchObject({ status: 'closed', outcome: 'cancelled' })
  })

  test('and the same key answers the same run', async () => {
    const { admin } = await opened(ALLOWED)
    const machine = await upload(admin, MODULE)
    const first = await start(admin, machine, { key: 'once' })
    const again = await start(admin, machine, { key: 'once' })
    expect([first.status, again.json.runId]).toEqual([201, first.json.runId])
  })

  test('and once it is off, what waits is not loaded by a later process', async () => {
    const { admin } = await opened(ALLOWED)
    const { json } = await start(admin, await upload(admin, MODULE))
    const later = async (config: string) => {
      writeFileSync(join(at.home.folder, 'cutter.yaml'), config)
      const { folder: home } = at.home
      const own = openHome({ home, env: {}, cwd: home, interrupt: new AbortController().signal })
      try {
        const { deps } = await own.app()
        return (await deps.installed('rotate-keys', await own.store.run(json.runId))).machine.name
      } finally {
        await own.close()
      }
    }
    expect(await later(ALLOWED)).toBe('rotate-keys')
    await expect(later('caps: {}\n')).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('allowUploadedMachines'),
    })
  })
})
