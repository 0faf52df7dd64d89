import { afterEach, beforeEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { aMessageReceiver, type MessageReceiver } from '../support/message-receiver.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** Messages of a service that is killed between the row and the delivery. */

const SECRET = Buffer.from('a secret of thirty-two bytes here').toString('base64')

let at: CutterHome
let receiver: MessageReceiver
let service: ServingProgram | null = null

beforeEach(async () => {
  receiver = await aMessageReceiver()
  at = aCutterHome(`messages:
  receivers:
    ops: { webhook: { url: '${receiver.url}/', secretEnv: HOOK_SECRET } }
`)
})
afterEach(async () => {
  await service?.end('SIGKILL')
  service = null
  await receiver.close()
  await at.remove()
})

const start = () => serve(at, [], { HOOK_SECRET: SECRET })
const received = () =>
  receiver.received.map(({ headers, body }) => [headers['webhook-id'], JSON.parse(body).type])

test('messages of commands wait for a service, and what was under way when it was killed comes again, in order', async () => {
  const source = at.file('charter.md', '# Charter\n\n## Article 1\n\nThe first.\n')
  const started = await at.cutter([
    'run',
    'start',
    'cut',
    '--document',
    'CHARTER',
    '--source',
    source,
    '--json',
  ])
  const { runId } = jsonOf<RunJson>(started)
  const cancelled = await at.cutter(['run', 'cancel', runId, '--reason', 'no more', '--json'])
  expect(jsonOf<RunJson>(cancelled)).toMatchObject({ outcome: 'cancelled' })
  receiver.status = 0
  service = await start()
  await expect.poll(() => receiver.received.length).toBe(1)
  await service.end('SIGKILL')
  receiver.status = 200
  service = await start()
  await expect.poll(received).toHaveLength(3)
  const [killed, ...rest] = received()
  expect(rest).toEqual([killed, [expect.any(String), 'run.closed']])
  expect(killed![1]).toBe('run.paused')
  expect(await service.end('SIGTERM')).toBe(0)
  service = await start()
  expect(await service.end('SIGTERM')).toBe(0)
  expect(received()).toHaveLength(3)
}, 120_000)
