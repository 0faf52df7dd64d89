import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import type { SourceProfile } from '../../../src/targets/postgres/rehearsal-database.ts'
import { openRehearsalDatabases } from '../../../src/targets/postgres/rehearsal-databases.ts'
import { EMBEDDED_TARGET } from '../../../src/targets/postgres/rehearsal-server.ts'
import { aHome, clean } from './embedded-homes.ts'

/** A process was killed while it removed the server of a rehearsal: what it still left of the folder is no server. */

const DATABASE = 'rehearsal_mig_1_4'
const facts = {
  place: EMBEDDED_TARGET,
  database: DATABASE,
  runId: 'mig-1',
  target: 'shop',
  source: { systemIdentifier: '1', database: 'shop' },
  madeAt: '2026-03-01T09:00:00.000Z',
}
const profile: SourceProfile = {
  encoding: 'UTF8',
  collate: 'C',
  ctype: 'C',
  provider: 'c',
  locale: null,
  owner: 'shop_owner',
  rights: [],
  settings: [],
  roles: [],
}

/** What a removal may have reached. It removes what is known of the database first. */
const left: [string, string[]][] = [
  ['data without their version', ['data/PG_VERSION']],
  ['nothing but the log', ['data', 'passwords.json']],
]

afterEach(clean, 60_000)

describe('a rehearsal database whose earlier server was removed in part', () => {
  test('is made on a server of its own, whatever is left of the earlier one', {
    timeout: 240_000,
  }, async () => {
    const at = aHome()
    const made: string[] = []
    const begin = () =>
      openRehearsalServers({
        ...at,
        log: (line) => void (line.startsWith('creating') && made.push(line)),
      })
    const create = async () => {
      const servers = begin()
      const databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
      await databases.create(facts, profile)
      expect(await databases.has(facts)).toBe(true)
      await servers.release()
    }
    await create()
    expect(made).toHaveLength(1)
    const folder = join(at.home, 'var/embedded/rehearsals', DATABASE)
    for (const [what, removed] of left) {
      rmSync(join(folder, 'facts.json'))
      for (const path of removed) rmSync(join(folder, 'cluster', path), { recursive: true })
      made.length = 0
      await create()
      expect(made, what).toHaveLength(1)
      for (const path of removed) expect(existsSync(join(folder, 'cluster', path)), what).toBe(true)
    }
  })
})
