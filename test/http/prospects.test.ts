import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cancelRun } from '../../src/service/runs/cancel.ts'
import { expiringMachine } from '../support/expiring-machine.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** What the service says of open runs: what continues each, and whether that can still happen. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n'

let at: HttpService
let keys: KeyFolder
let admin: string
let runId: string
const inHome = (name: string) => join(at.home.folder, name)
const list = (...names: string[]) =>
  writeFileSync(
    inHome('allowed_signers'),
    names.map((name) => `${name} ${keys.publicKey('alice')}\n`).join(''),
    {
      mode: 0o600,
    },
  )
const prospect = async (token = admin) => (await at.get('/api/v1/prospects', token)).json[0]

beforeEach(async () => {
  keys = openKeyFolder()
  keys.key('alice')
  at = await aService(CONFIG)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  list('alice@example.org')
  admin = await at.token({ name: 'ann', role: 'admin' })
  await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
  const body = { machine: 'rotate-keys', input: { file: inHome('key') }, mode: 'live' }
  runId = (await at.post('/api/v1/runs', admin, body)).json.runId
})
afterEach(async () => {
  await at.remove()
  keys.remove()
})

test('a run at its gate is continued by an approval', async () => {
  expect(await prospect()).toMatchObject({
    runId,
    wakes: 'approval',
    gate: 'SG1',
    isStranded: false,
    blockers: [],
  })
})

describe('a run is', () => {
  test.each([
    ['stranded when nobody may approve', () => list(), true, /SIGNER|FILES/],
    [
      'stranded when fewer people may approve than must',
      () =>
        writeFileSync(
          inHome('cutter.yaml'),
          `${CONFIG}approvals: { policy: { rotate-keys.SG1: { need: 2 } } }\n`,
          { mode: 0o600 },
        ),
      true,
      /ENOUGH/,
    ],
    [
      'not stranded by a hold',
      () => at.post('/api/v1/hold/on', admin, { reason: 'a test' }),
      false,
      /^ON_HOLD$/,
    ],
    [
      'not stranded while live writes are off',
      () => at.post('/api/v1/execution/disable', admin, { reason: 'a test' }),
      false,
      /^LIVE_REFUSED$/,
    ],
  ] as const)('%s', async (_, change, isStranded, reason) => {
    await change()
    const found = await prospect()
    expect(found.isStranded).toBe(isStranded)
    expect(found.blockers[0].reason).toMatch(reason)
  })
})

/** A gate that closes by itself after an hour. */
const EXPIRING = expiringMachine(3_600_000, 'target: z.string()')

test('a run whose target is gone is closed by its timer, and waits for it alone', async () => {
  const config = (targets: string) =>
    writeFileSync(
      inHome('cutter.yaml'),
      `${CONFIG.replace('{ ', '{ expiring: ./expiring.ts, ')}targets: { ${targets} }\n`,
      { mode: 0o600 },
    )
  const roles = ['reader', 'executor', 'verifier'].map((role) => `${role}UrlEnv: URL`).join(', ')
  config(`prod: { ${roles} }`)
  writeFileSync(inHome('expiring.ts'), EXPIRING)
  const body = { machine: 'expiring', input: { target: 'prod' }, mode: 'live' }
  const { json } = await at.post('/api/v1/runs', admin, body)
  expect(json).toMatchObject({ status: 'paused' })
  const found = async () => {
    const all: { runId: string }[] = (await at.get('/api/v1/prospects', admin)).json
    return all.find((one) => one.runId === json.runId)
  }
  const expiring = { gate: 'SG1', expiresAt: expect.any(String), isStranded: false }
  expect(await found()).toMatchObject({ ...expiring, wakes: 'approval', blockers: [] })
  config('')
  const blockers = [expect.objectContaining({ reason: 'TARGET_NOT_FOUND' })]
  expect(await found()).toMatchObject({ ...expiring, wakes: 'timer', blockers })
})

test('closed runs, and runs that the token does not reach, are left out', async () => {
  const ofCuts = await at.token({ name: 'of-cuts', role: 'viewer', machines: ['cut'] })
  expect(await prospect(ofCuts)).toBeUndefined()
  await cancelRun(at.home, { run: runId, reason: 'not needed' })
  expect(await prospect()).toBeUndefined()
})
