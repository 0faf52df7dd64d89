import { afterEach, describe, expect, test } from 'vitest'
import type { Need } from '../../src/domain/need.ts'
import type { EngineDeps, InstalledMachine } from '../../src/engine/engine-deps.ts'
import { chart, success, work } from '../../src/machine/chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { type Job, worldOf } from './one-effect-world.ts'

/** A host that shares a store with others meets a run of theirs whose process has died. */

afterEach(removeFolders)

const LOGIC = chart({ A: work('job', 'END'), END: success })
const FOREVER: Job = () => new Promise<never>(() => {})

/** A host as its settings are now. A test changes them after its process has died. */
interface Host {
  home: string
  lacks: string[]
  needs: Need[]
  obstacle: 'STOP_POLICY_DIFFERS' | 'STOP_COMMITS_NOT_REPLICATED' | null
  job: Job
}

async function aWorldOf(host: Host): Promise<World> {
  const parts: Partial<EngineDeps> = {
    allowLive: async () => true,
    liveObstacle: async () =>
      host.obstacle === null ? null : { stopCode: host.obstacle, why: 'differs', next: 'publish' },
    sharing: {
      home: () => ({ id: host.home, host: `${host.home}.example.org` }),
      hasMoved: () => false,
      findUnmet: async (needs) => needs.filter((need) => host.lacks.includes(need)),
    },
  }
  const world = worldOf(LOGIC, (signal, context) => host.job(signal, context), parts, { kind: 'write' })
  const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
  await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
  return withNeeds(world, host)
}

/** The machine of a world with what its runs need. */
function withNeeds(world: World, host: Host): World {
  const { installed } = world.parts
  world.parts.installed = async (name, run): Promise<InstalledMachine> => ({
    ...(await installed(name, run)),
    needs: () => host.needs,
  })
  return world
}

/** A live run whose process died in its write, on a host that is changed into another one. */
async function died(changes: Partial<Host>): Promise<{ world: World; runId: string }> {
  const host: Host = { home: 'first', lacks: [], needs: ['target:main'], obstacle: null, job: FOREVER }
  const world = await aWorldOf(host)
  world.engine.start('tried', {}, { mode: 'live', key: 'once' }).catch(() => {})
  await expect.poll(async () => (await world.store.list({ limit: 1 })).length).toBe(1)
  const { runId } = await theRun(world)
  Object.assign(host, { job: async () => ({}) }, changes)
  return { world: withNeeds(await world.reopen(), host), runId }
}

const ATTEMPTS: [name: string, attempt: (world: World, runId: string) => Promise<unknown>][] = [
  ['resume', ({ engine }, runId) => engine.resume(runId, {})],
  ['cancel', ({ engine }, runId) => engine.cancel(runId, { reason: 'a test' })],
  ['start with its key', ({ engine }) => engine.start('tried', {}, { mode: 'live', key: 'once' })],
]

describe.each(ATTEMPTS)('%s of a run of another host that died', (_, attempt) => {
  const REFUSED: [why: string, changes: Partial<Host>, code: string][] = [
    ['lacks its target', { home: 'other', lacks: ['target:main'] }, 'HOST_UNSUITABLE'],
    ['is not its home', { home: 'other', needs: ['home'], lacks: ['home'] }, 'HOST_UNSUITABLE'],
    ['has other rules', { home: 'other', obstacle: 'STOP_POLICY_DIFFERS' }, 'LIVE_REFUSED'],
    ['has other rules by now', { obstacle: 'STOP_POLICY_DIFFERS' }, 'LIVE_REFUSED'],
  ]
  test.each(REFUSED)('is refused, and nothing is claimed, where the host %s', async (_why, changes, code) => {
    const { world, runId } = await died(changes)
    const before = await world.store.storedRun(runId)
    await expect(attempt(world, runId)).rejects.toMatchObject({ code })
    expect(await world.store.storedRun(runId)).toEqual(before)
  })
})

describe('a host that continues a run of another one', () => {
  test.each([
    ['has what it needs', { home: 'other', needs: ['target:main', 'file:/a'] }],
    ['is the home that started it', { lacks: ['target:main'] }],
  ] as [string, Partial<Host>][])('%s', async (_why, changes) => {
    const { world, runId } = await died(changes)
    expect(await world.engine.resume(runId, {})).toMatchObject({ outcome: 'succeeded' })
    const [first] = await world.store.history(runId)
    expect(first!.event.home).toEqual({ id: 'first', host: 'first.example.org' })
  })
})
