import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { bootMark } from '../../../src/targets/system/process-start.ts'
import { aHome, clean } from './embedded-homes.ts'

/** A server of a rehearsal does not wait for the disk, so what it holds counts only while the system runs, or once it was written there. */

const DATABASE = 'rehearsal_mig_1_4'
const facts = {
  place: 'embedded',
  database: DATABASE,
  runId: 'mig-1',
  target: 'shop',
  source: { systemIdentifier: '1', database: 'shop' },
  madeAt: '2026-03-01T09:00:00.000Z',
  roles: [],
}

afterEach(clean, 60_000)

describe.skipIf(bootMark() === '')('the server of a rehearsal', () => {
  test('has its files on the disk after its release, and none that count after an earlier start of the system', {
    timeout: 120_000,
  }, async () => {
    const at = aHome()
    const mark = join(at.home, 'var', 'embedded', 'rehearsals', DATABASE, 'unsynced')
    const ask = async (servers: ReturnType<typeof openRehearsalServers>, text: string) =>
      withSession(
        await servers.adminUrl(DATABASE, 'postgres'),
        { applicationName: 'test' },
        async (client) => (await client.query(text)).rows,
      )

    const first = openRehearsalServers(at)
    await first.prepare(DATABASE)
    await first.describe(facts)
    expect(await ask(first, 'show fsync')).toEqual([{ fsync: 'off' }])
    expect(await ask(first, 'create table public.kept as select 42 as answer')).toEqual([])
    expect(readFileSync(mark, 'utf8')).toBe(bootMark())
    expect(await first.has(DATABASE)).toBe(true)
    await first.release()
    expect(existsSync(mark)).toBe(false)

    const second = openRehearsalServers(at)
    expect(await second.has(DATABASE)).toBe(true)
    expect(await ask(second, 'select answer from public.kept')).toEqual([{ answer: 42 }])
    // As a system leaves it that ended while the server ran.
    writeFileSync(mark, '-00000000')
    expect(await second.has(DATABASE)).toBe(false)
    expect(await second.read(DATABASE)).toBeNull()
    expect(await second.list()).toMatchObject([{ database: DATABASE }])
    await second.remove(DATABASE)
    expect(await second.list()).toEqual([])
    await second.release()
  })
})
