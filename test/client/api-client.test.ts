import { createHash } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiError, connect } from '../../src/client/api-over-fetch.ts'
import { apiOf } from '../../src/client/api-over-socket.ts'
import type { ClientError } from '../../src/client/client-error.ts'
import { ENDPOINTS } from '../../src/http/endpoints.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** The generated client of the API, over both of its transports. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: HttpService
let token: string
let file: string

const transports = {
  fetch: () => connect({ url: at.url, token }),
  socket: () => apiOf({ at: { path: at.socket }, name: at.socket, token, isOptional: false }),
}
const names = Object.keys(transports) as (keyof typeof transports)[]

beforeAll(async () => {
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  copyFileSync(EXAMPLE, join(at.home.folder, 'rotate-keys.ts'))
  file = join(at.home.folder, 'key')
  writeFileSync(file, 'a key\n')
  token = await at.token({ name: 'ann', role: 'admin' })
})
afterAll(() => at.remove())

test('has an operation for every path that is no stream', () => {
  const streams = ENDPOINTS.filter(({ answer }) => /event-stream|frames/.test(answer)).length
  expect(Object.keys(transports.fetch()).length).toBe(ENDPOINTS.length - streams)
})

describe.each(names)('over %s', (transport) => {
  test('starts, lists, reads and cancels runs', async () => {
    const api = transports[transport]()
    const started = await api.postRuns({ machine: 'rotate-keys', input: { file }, key: transport })
    expect([started.status, started.gate]).toEqual(['paused', 'SG1'])
    const run = started.runId
    const listed = await api.getRuns({ status: 'paused', machine: 'rotate-keys', limit: 100 })
    expect(listed.map(({ runId }) => runId)).toContain(run)
    expect((await api.getRunsByRunExplain({ run })).waitsFor).toMatchObject({ kind: 'approval' })
    expect((await api.getRunsByRunHistory({ run })).map(({ seq }) => seq)).toEqual([1, 2])
    const bundle = await api.getRunsByRunBundle({ run })
    expect(bundle.length % 512).toBe(0)
    const statement = await api.postRunsByRunStatement({ run, as: 'alice', reason: 'read – twice' })
    expect(JSON.parse(statement)).toMatchObject({ runId: run, reason: 'read – twice' })
    const cancelled = await api.postRunsByRunCancel({ run, reason: 'a test' })
    expect(cancelled.outcome).toBe('cancelled')
    expect(await api.getMetrics()).toContain('cutter_')
  })

  test('sends the bytes of a file', async () => {
    const bytes = Buffer.from(`# A title of ${transport}\n`)
    const kept = (await transports[transport]().postUploads({ content: bytes })) as { sha256: string }
    expect(kept.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('rejects with code, words and next of a problem document', async () => {
    const error = (await transports[transport]()
      .getRunsByRun({ run: 'nothing/at all' })
      .catch((thrown: unknown) => thrown)) as ApiError | ClientError
    expect([error.code, error.message]).toEqual(['RUN_NOT_FOUND', expect.stringContaining('nothing/at all')])
    expect(error.next).toContain('run list')
  })
})

test('an answer that is cut short is an error', async () => {
  for (const body of [
    'content-length: 20\r\n\r\n{"name":"ann"}',
    'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n',
  ]) {
    const server = createServer((socket) => socket.end(`HTTP/1.1 200 OK\r\n${body}`))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const service = { at: { host: '127.0.0.1', port, isSecure: false }, name: 'it', token, isOptional: false }
    await expect(apiOf(service).getSession()).rejects.toThrow(/cut short/)
    server.close()
  }
})
