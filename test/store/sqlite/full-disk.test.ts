import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { loadRunRecord } from '../../../src/engine/load-run.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import { chart, success, work } from '../../../src/machine/chart.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { worldOf } from '../../engine/one-effect-world.ts'
import { theRun } from '../../machines/crashing-engine.ts'
import { firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aFolder, migrationsDirectory, removeFolders } from '../store-folders.ts'

/** A disk that is full: real ones of one megabyte, where this user can mount them. */

const disks: string[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) execFileSync('umount', ['-l', disk])
})
afterAll(removeFolders)

const NO_DISK = 'a full disk: this user can’t mount a small one'

/** A small disk, or null where none can be mounted. */
function aSmallDisk(): string | null {
  const disk = join(aFolder(), 'disk')
  mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    console.log(`skipped: ${NO_DISK}`)
    return null
  }
  disks.push(disk)
  return disk
}

const ballast = (disk: string) => join(disk, 'ballast')
const free = (disk: string) => rmSync(ballast(disk))

/** To the last page. */
function fill(disk: string): void {
  for (const size of [1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(ballast(disk), Buffer.alloc(size), { flag: 'a' })
    } catch {
      // Full, to chunks of this size.
    }
  }
}

const noRoom = (file: string) => ({
  code: 'STORE_UNWRITABLE',
  message: expect.stringContaining(`can't write ${file}`),
  next: expect.stringContaining('free space'),
})

describe('a full disk', () => {
  test('saves no part of a step, and the same step is saved when there is room', async (context) => {
    const disk = aSmallDisk()
    if (disk === null) return context.skip(NO_DISK)
    const file = join(disk, 'cutter.db')
    const store = openRunStore({ file, migrationsDirectory })
    const { run, ...rest } = firstStep()
    await store.create({ run, ...rest }, mine)
    fill(disk)
    const text = 'evidence '.repeat(2_000)
    const bytes = Buffer.from(text)
    const evidence = [{ name: 'large', digest: 'sha256:large', mediaType: 'text/plain', bytes }]
    const step = stepAfter(run, { evidence })
    const before = await store.storedRun(run.runId)
    await expect(store.advance(step, mine)).rejects.toMatchObject(noRoom(file))
    expect(await store.storedRun(run.runId)).toEqual(before)
    expect(await store.evidence('sha256:large')).toBeNull()
    free(disk)
    await store.advance(step, mine)
    expect(await store.run(run.runId)).toMatchObject({ seq: 2 })
    expect(await store.check()).toEqual([])
    await store.close()
  })

  test('creates no store, and leaves no file that resembles one', async (context) => {
    const disk = aSmallDisk()
    if (disk === null) return context.skip(NO_DISK)
    const options = { file: join(disk, 'cutter.db'), migrationsDirectory }
    fill(disk)
    expect(() => openRunStore(options)).toThrow(expect.objectContaining(noRoom(options.file)))
    free(disk)
    const store = openRunStore(options)
    expect(await store.list({ limit: 1 })).toEqual([])
    await store.close()
  })

  test('after a completed write leaves a run that a probe settles, and the write is done once', async (context) => {
    const disk = aSmallDisk()
    if (disk === null) return context.skip(NO_DISK)
    const file = join(disk, 'cutter.db')
    let written = 0
    const job = async () => {
      written += 1
      fill(disk)
      return { report: { text: 'x'.repeat(20_000) } }
    }
    const logic = chart({ A: work('job', 'END'), END: success })
    const probe = async () => (written === 0 ? NOT_COMMITTED : { outcome: 'committed' as const, output: {} })
    const world = worldOf(logic, job, { allowLive: async () => true }, { kind: 'write', file, probe })
    const on = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'test', by: 'test' }
    await world.store.setExecutionSwitch({ ...on, at: '2026-01-01T00:00:00.000Z' })
    await expect(world.engine.start('tried', {}, { mode: 'live' })).rejects.toMatchObject(noRoom(file))
    const next = await world.reopen()
    const run = await theRun(next)
    expect(run).toMatchObject({ status: 'working', phase: 'job', seq: 1 })
    free(disk)
    expect(await next.engine.resume(run.runId, {})).toMatchObject({ outcome: 'succeeded' })
    expect(written).toBe(1)
    const ran = (await next.store.history(run.runId)).map(({ event }) => event.ran)
    expect(ran).toEqual([undefined, 'probe'])
    await verifyRun(next.parts, run.runId)
    await loadRunRecord(next.parts, run.runId)
    await next.store.close()
  })
})

const NOT_COMMITTED = { outcome: 'not-committed' as const }
