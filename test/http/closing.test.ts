import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aService } from '../support/http-service.ts'

test('the service ends although clients without a token stay connected', async () => {
  const at = await aService('', { last: 100 })
  const head = 'POST /api/v1/uploads HTTP/1.1\r\nhost: 127.0.0.1\r\n'
  const operator = await at.token({ name: 'olga', role: 'operator' })
  const begun = ['', 'GET /healthz HTTP/1.1\r\nhost: 127', `${head}content-length: 100\r\n\r\n{`]
  const clients = await Promise.all(
    [...begun, `${head}authorization: Bearer ${operator}\r\ncontent-length: 100\r\n\r\n{`].map((bytes) =>
      connected(at.url, bytes),
    ),
  )
  expect((await at.get('/healthz')).status).toBe(200)
  const cutOff = clients.map((client) => new Promise((done) => client.once('close', done)))
  await at.remove()
  await Promise.all(cutOff)
}, 15_000)

/** A client that has sent these bytes, and sends no more. */
function connected(url: string, bytes: string): Promise<Socket> {
  return new Promise((done) => {
    const client = connect(Number(new URL(url).port), '127.0.0.1')
    client.on('error', () => {}).once('connect', () => client.write(bytes, () => done(client)))
    client.resume()
  })
}

const WAITING = `import { chart, defineMachine, readEffect, success, work } from 'cutter'
import { z } from 'zod'

const wait = readEffect({
  name: 'wait',
  input: z.object({}),
  execute: ({ signal }) =>
    new Promise((_, fail) => signal.addEventListener('abort', () => fail(new Error('ended')))),
})

export const machine = defineMachine({
  name: 'waiting',
  version: '1',
  input: z.object({}),
  effects: [wait],
  logic: chart({ PENDING: work('wait', 'CLOSEOUT_REPORTED'), CLOSEOUT_REPORTED: success }),
})
`

test('a start that is at work when the service ends is answered 503, with its run', async () => {
  const at = await aService('machines: { waiting: ./waiting.ts }\n')
  writeFileSync(join(at.home.folder, 'waiting.ts'), WAITING)
  const operator = await at.token({ name: 'olga', role: 'operator' })
  const answer = at.post('/api/v1/runs?wait=50', operator, { machine: 'waiting', key: 'once' })
  const runs = async () => (await at.get('/api/v1/runs', operator)).json
  await expect.poll(runs).toMatchObject([{ status: 'working' }])
  const [{ runId }] = await runs()
  const repeated = await at.post('/api/v1/runs?wait=0', operator, { machine: 'waiting', key: 'once' })
  expect([repeated.status, repeated.json.runId]).toEqual([202, runId])
  at.interrupt()
  const { status, json } = await answer
  expect([status, json.code, json.runId]).toEqual([503, 'SERVICE_ENDING', runId])
  expect(json.next).toContain('the same key')
  await at.remove()
}, 20_000)
