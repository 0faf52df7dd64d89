import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { enableExecution } from '../support/cli-steps.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** A service that is killed, and one that is asked to end, while it works at runs. */

const SLOW = `import { appendFile, readFile } from 'node:fs/promises'
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'

const input = z.object({ file: z.string(), ms: z.number() })
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

const plan = readEffect({
  name: 'plan',
  input,
  async execute(_context, { file }) {
    return planOf('SG1', { action: 'append', file }, {})
  },
})

const append = writeEffect({
  name: 'append',
  input,
  async execute({ runId }, { file, ms }) {
    await appendFile(file, runId + '\\n')
    await pause(ms)
    return { output: { report: { appended: true } } }
  },
  simulate: async () => ({ output: { report: { appended: false } } }),
  async probe({ runId }, { file }) {
    const text = await readFile(file, 'utf8')
    return text.includes(runId) ? { outcome: 'committed', output: { report: { appended: true } } } : { outcome: 'not-committed' }
  },
})

export const machine = defineMachine({
  name: 'slow',
  version: '1',
  input,
  effects: [plan, append],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: gated('SG1', { recheck: 'plan', work: 'append', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`
const CONFIG = `machines: { slow: ./slow.ts }
execution: { allowLive: true }
approvals: { resume: automatic }
`

let at: CutterHome
let keys: KeyFolder
let service: ServingProgram | null = null

beforeEach(() => {
  at = aCutterHome(CONFIG)
  keys = openKeyFolder()
  keys.key('alice')
  at.file('slow.ts', SLOW)
  at.file('written', '')
  at.file('allowed_signers', `alice@example.org ${keys.publicKey('alice')}\n`)
})
afterEach(async () => {
  await service?.end('SIGKILL')
  service = null
  keys.remove()
  await at.remove()
})

const json = async <T = RunJson>(words: string[]) => jsonOf<T>(await at.cutter([...words, '--json']))
const show = (runId: string) => json(['run', 'show', runId])
const written = () => readFileSync(at.path('written'), 'utf8').split('\n').filter(Boolean)

/** A live run whose approval is there, so that the service continues it. */
async function approvedRun(ms: number): Promise<string> {
  await enableExecution(at)
  const { runId } = await json([
    'run',
    'start',
    'slow',
    '--file',
    at.path('written'),
    '--ms',
    `${ms}`,
    '--mode',
    'live',
  ])
  await at.cutter(['approval', 'sign', runId, '--as', 'alice@example.org', '--key', keys.path('alice')])
  return runId
}

test('a service that is killed within a live write continues its run at the next start, and writes once', async () => {
  const runId = await approvedRun(5_000)
  service = await serve(at)
  await expect.poll(written, { timeout: 30_000 }).toEqual([runId])
  await service.end('SIGKILL')
  expect(await show(runId)).toMatchObject({ status: 'working' })
  service = await serve(at)
  await expect.poll(() => show(runId), { timeout: 30_000 }).toMatchObject({ outcome: 'succeeded' })
  expect(written()).toEqual([runId])
  expect(await service.end('SIGTERM')).toBe(0)
}, 90_000)

test('a service that is asked to end leaves its run at a safe point, from which the next one continues', async () => {
  const runId = await approvedRun(3_000)
  service = await serve(at)
  await expect.poll(written, { timeout: 30_000 }).toEqual([runId])
  expect(await service.end('SIGTERM')).toBe(0)
  service = await serve(at)
  await expect.poll(() => show(runId), { timeout: 30_000 }).toMatchObject({ outcome: 'succeeded' })
  expect(written()).toEqual([runId])
}, 90_000)

test('a second service of a home is refused, and names the first one', async () => {
  service = await serve(at)
  const second = await at.cutter(['serve', '--port', '0', '--json'])
  expect(second.code).toBe(3)
  expect(JSON.parse(second.stdout).error).toMatchObject({
    code: 'SERVICE_RUNNING',
    pid: service.pid,
    url: service.url,
  })
}, 60_000)
