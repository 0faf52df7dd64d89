import { copyFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { cancelRun } from '../../src/service/runs/cancel.ts'
import { aService, type HttpService } from '../support/http-service.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: HttpService
const tokens: { [name: string]: string } = {}

const start = async (name: string, body: object = {}): Promise<string> => {
  const input = { file: join(at.home.folder, name) }
  const { json } = await at.post('/api/v1/runs', tokens.operator, { machine: 'rotate-keys', input, ...body })
  return json.runId
}

beforeAll(async () => {
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  copyFileSync(EXAMPLE, join(at.home.folder, 'rotate-keys.ts'))
  for (const name of ['one', 'two', 'three']) writeFileSync(join(at.home.folder, name), 'a key\n')
  tokens.operator = await at.token({ name: 'deploybot', role: 'operator' })
  tokens.ofCuts = await at.token({ name: 'of-cuts', role: 'viewer', machines: ['cut'] })
})
afterAll(() => at.remove())

/** Reads the stream of all runs; `until` resolves to its text once that matches. */
async function follow(token: string, query = '', headers = {}) {
  let text = ''
  const request = get(`${at.url}/api/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    agent: false,
  })
  await new Promise<void>((done, fail) => {
    request.on('error', fail).on('response', (answer) => {
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('error', () => {})
      done()
    })
  })
  return {
    async until(pattern: RegExp) {
      await expect.poll(() => text).toMatch(pattern)
      return text
    },
    end: () => request.destroy(),
  }
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id)

describe('the events of all runs', () => {
  test('begin with what is saved once the stream is open, of every run and by every door', async () => {
    await start('one')
    const stream = await follow(tokens.operator!)
    await stream.until(/^: open$/m)
    const second = await start('two')
    const text = await stream.until(new RegExp(`^id: ${second}:2$`, 'm'))
    expect(idsIn(text)[0]).toBe(`${second}:1`)
    await cancelRun(at.home, { run: second, reason: 'not needed' })
    await stream.until(/RUN_CANCELLED|CANCEL/)
    stream.end()
  })

  test('continue after any entry, without a gap and without a repetition', async () => {
    const everything = await follow(tokens.operator!, '?from=start')
    const third = await start('three')
    const all = idsIn(await everything.until(new RegExp(`^id: ${third}:2$`, 'm')))
    everything.end()
    for (const from of [0, 3, all.length - 2]) {
      const rest = await follow(tokens.operator!, '', { 'last-event-id': all[from] })
      const ids = idsIn(await rest.until(new RegExp(`^id: ${all.at(-1)}$`, 'm')))
      expect(ids).toEqual(all.slice(from + 1))
      rest.end()
    }
  })

  test('are read once for all streams that are at the same place', async () => {
    const streams = await Promise.all(Array.from({ length: 60 }, () => follow(tokens.operator!)))
    for (const stream of streams) await stream.until(/^: open$/m)
    const reads = vi.spyOn(at.home.store, 'entriesAfter')
    const ids: string[] = []
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      const runId = await start('one', { key: `shared-${key}` })
      ids.push(`${runId}:1`, `${runId}:2`)
      for (const stream of streams) await stream.until(new RegExp(`^id: ${runId}:2$`, 'm'))
    }
    for (const stream of streams) {
      expect(idsIn(await stream.until(/./))).toEqual(ids)
      stream.end()
    }
    // Each stream for itself would read at least once for each run.
    expect(reads.mock.calls.length).toBeLessThan((streams.length * 5) / 2)
    reads.mockRestore()
  })

  test('show a token only the runs that it reaches', async () => {
    const stream = await follow(tokens.ofCuts!, '?from=start')
    await start('one', { key: 'another' })
    await at.get('/api/v1/runs', tokens.ofCuts)
    const text = await stream.until(/^: open$/m)
    expect(idsIn(text)).toEqual([])
    stream.end()
  })

  test.each(['none:1', 'x', ''])('are refused for the id %j', async (id) => {
    const { status } = await at.get('/api/v1/events', tokens.operator, { headers: { 'last-event-id': id } })
    expect(status).toBe(400)
  })

  test('are refused for an entry of a run that the token does not reach', async () => {
    const runId = await start('two', { key: 'hidden' })
    const headers = { 'last-event-id': `${runId}:1` }
    expect((await at.get('/api/v1/events', tokens.ofCuts, { headers })).status).toBe(400)
  })
})

describe('waiting for a run', () => {
  test('answers once the run has come there, and 202 with the run when the time is over', async () => {
    const runId = await start('one', { key: 'awaited' })
    const wait = (query: string) => at.get(`/api/v1/runs/${runId}/wait${query}`, tokens.operator)
    expect(await wait('?for=gate&timeout=0')).toMatchObject({ status: 200, json: { status: 'paused' } })
    expect(await wait('?for=closed&timeout=0.1')).toMatchObject({ status: 202, json: { runId } })
    const closed = wait('?for=closed')
    await cancelRun(at.home, { run: runId, reason: 'not needed' })
    expect(await closed).toMatchObject({ status: 200, json: { status: 'closed', outcome: 'cancelled' } })
  })
})

describe('what is read of a run', () => {
  test('are its evidence, byte for byte, its reports and its graph', async () => {
    const runId = await start('one', { key: 'read' })
    const path = `/api/v1/runs/${runId}`
    const { json: list } = await at.get(`${path}/evidence`, tokens.operator)
    for (const { digest, bytes } of list) {
      const { text, headers } = await at.get(`${path}/evidence/${digest}`, tokens.operator)
      expect(Buffer.byteLength(text)).toBe(bytes)
      expect(headers['content-disposition']).toBe('attachment')
    }
    expect(list.length).toBeGreaterThan(0)
    const none = await at.get(`${path}/evidence/sha256:${'0'.repeat(64)}`, tokens.operator)
    expect(none.json.code).toBe('INPUT_REFUSED')
    const { json: reports } = await at.get(`${path}/reports`, tokens.operator)
    expect(reports.reports.length).toBeGreaterThan(0)
    const report = await at.get(`${path}/reports/${reports.reports[0]}`, tokens.operator)
    expect(report.text).toContain(runId)
    for (const name of ['none', '../head', '/etc/passwd'].map(encodeURIComponent))
      expect((await at.get(`${path}/reports/${name}`, tokens.operator)).status).toBe(422)
    expect((await at.get(`${path}/graph`, tokens.operator)).json.mermaid).toContain('stateDiagram')
    const [shown] = (await at.get('/api/v1/runs?text=one', tokens.operator)).json
    expect(shown.about).toBe(`file ${join(at.home.folder, 'one')}`)
  })
})
