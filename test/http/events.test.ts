import { copyFileSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelRun } from '../../src/service/runs/cancel.ts'
import { revokeToken } from '../../src/service/tokens/revoke.ts'
import { aService, type HttpService } from '../support/http-service.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: HttpService
let operator: string
let runId: string

beforeAll(async () => {
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  const inHome = (name: string) => join(at.home.folder, name)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  operator = await at.token({ name: 'deploybot', role: 'operator' })
  const body = { machine: 'rotate-keys', input: { file: inHome('key') } }
  runId = (await at.post('/api/v1/runs', operator, body)).json.runId
})
afterAll(() => at.remove())

/** Opens a stream; `until` reads on until its text matches, and `rest` until it ends. */
async function stream(headers: { [name: string]: string } = {}) {
  const path = `${at.url}/api/v1/runs/${runId}/events`
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    get(path, { headers: { authorization: `Bearer ${operator}`, ...headers }, agent: false }, done).on(
      'error',
      fail,
    )
  })
  let text = ''
  answer.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const ended = new Promise<void>((done) => answer.once('close', done))
  return {
    answer,
    async until(pattern: RegExp): Promise<string> {
      await expect.poll(() => text).toMatch(pattern)
      return text
    },
    async rest(): Promise<string> {
      await ended
      return text
    },
  }
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id)

describe('the events of a run', () => {
  test('end when the token of their reader is revoked', async () => {
    const token = await at.token({ name: 'vera', role: 'viewer' })
    const read = await stream({ authorization: `Bearer ${token}` })
    await read.until(/^id: /m)
    await revokeToken(at.home, { token: 'vera' })
    await read.rest()
    const { json: shown } = await at.get(`/api/v1/runs/${runId}`, operator)
    expect(shown.status).toBe('paused')
  })

  test('are its entries, those that exist and those that are saved later, until it closes', async () => {
    const { json: before } = await at.get(`/api/v1/runs/${runId}/history`, operator)
    const first = await stream()
    expect(first.answer.headers['content-type']).toBe('text/event-stream')
    const last = before.at(-1).seq
    const text = await first.until(new RegExp(`^id: ${runId}:${last}$`, 'm'))
    expect(idsIn(text)).toEqual(before.map(({ seq }: { seq: number }) => `${runId}:${seq}`))
    const [, data] = /^data: (.*)$/m.exec(text) ?? []
    expect(JSON.parse(data!)).toEqual({ runId, ...before[0] })

    const second = await stream({ 'last-event-id': `${runId}:${last}` })
    // By another door: the stream reads the history, whoever writes it.
    await cancelRun(at.home, { run: runId, reason: 'not needed' })
    const { json: after } = await at.get(`/api/v1/runs/${runId}/history`, operator)
    const all = after.map(({ seq }: { seq: number }) => `${runId}:${seq}`)
    expect(idsIn(await first.rest())).toEqual(all)
    expect(idsIn(await second.rest())).toEqual(all.slice(before.length))
    expect(after.length).toBeGreaterThan(before.length)
  })

  test('are refused without a token, and for an id of another form or another run', async () => {
    const path = `/api/v1/runs/${runId}/events`
    expect((await at.get(path)).status).toBe(401)
    for (const id of ['x', 'another-run:1'])
      expect((await at.get(path, operator, { headers: { 'last-event-id': id } })).status).toBe(400)
    expect((await at.get('/api/v1/runs/none/events', operator)).json.code).toBe('RUN_NOT_FOUND')
  })
})
