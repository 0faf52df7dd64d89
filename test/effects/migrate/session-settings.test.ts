import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readDatabaseProfile } from '../../../src/effects/migrate/database-profile.ts'
import { inDiscardedTransaction } from '../../../src/effects/migrate/discarded-transaction.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import { openNamedServer } from '../../../src/targets/postgres/rehearsal-place.ts'
import { urlOfDatabase } from '../../../src/targets/postgres/role-login.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'
import { CONTEXT, LIMITS } from './restored-fixture.ts'

/** A script finds the same settings on the target and on a copy of it, wherever those of the target come from. */

/** What a script finds. */
const SEEN = [
  ...['search_path', 'work_mem', 'default_text_search_config', 'array_nulls', 'xmloption', 'enable_seqscan'],
  ...['app.tenant', 'app.note', 'default_tablespace', 'datestyle', 'timezone', 'role'],
]

const encoded = encodeURIComponent

interface Case {
  /** The connection string of the target. */
  text: (at: { port: number; url: string }) => string
  /** PGOPTIONS of the process. */
  environment?: string
  /** What the script finds, where it is not what a plain session finds. */
  finds: { [setting: string]: string }
}

const options =
  (text: string): Case['text'] =>
  ({ url }) =>
    `${url}?options=${encoded(text)}`
const keywords =
  (text: string): Case['text'] =>
  ({ port }) =>
    `host=127.0.0.1 port=${port} user=migrator dbname=shop options='${text.replaceAll(/[\\']/g, '\\$&')}'`

const CASES: { [name: string]: Case } = {
  'no options': { text: ({ url }) => url, finds: {} },
  'a search path in a URL': { text: options('-c search_path=app'), finds: { search_path: 'app' } },
  'a search path among keywords': { text: keywords('-c search_path=app'), finds: { search_path: 'app' } },
  'a word without a blank after -c': {
    text: options(`-c${'search_path'}=app`),
    finds: { search_path: 'app' },
  },
  'the long form with a dash': { text: options('--search-path=app'), finds: { search_path: 'app' } },
  'several, the last of which counts': {
    text: options('-c search_path=public -c work_mem=9MB  --search_path=app,public'),
    finds: { search_path: 'app,public', work_mem: '9MB' },
  },
  'an escaped blank': {
    text: options('-c search_path=app,\\ public -c app.note=two\\ words'),
    finds: { search_path: 'app, public', 'app.note': 'two words' },
  },
  'an escaped blank and a backslash among keywords': {
    text: keywords('-c app.note=a\\ b\\\\c -c search_path=app'),
    finds: { 'app.note': 'a b\\c', search_path: 'app' },
  },
  'a quoted name with a capital, a blank and a comma': {
    text: options('-c search_path="My\\ own,\\ one",app'),
    finds: { search_path: '"My own, one",app' },
  },
  'the name of the user': {
    text: options('-c search_path="$user",app'),
    finds: { search_path: '"$user",app' },
  },
  'an empty search path': { text: options('-c search_path='), finds: { search_path: '' } },
  'settings of an application': {
    text: options('-c app.tenant=south -c APP.Note=x=y'),
    finds: { 'app.tenant': 'south', 'app.note': 'x=y' },
  },
  'short words of the server': {
    text: options('-f s -S 1234'),
    finds: { enable_seqscan: 'off', work_mem: '1234kB' },
  },
  'limits of time and what Cutter sets itself': {
    text: options(
      '-c statement_timeout=77s -c lock_timeout=5 -c jit=on -c datestyle=German -c timezone=Asia/Tokyo',
    ),
    finds: {},
  },
  'another role': {
    text: options('-c role=owner -c search_path=app'),
    finds: { search_path: 'app', role: 'owner' },
  },
  'a role that the login takes by itself': {
    text: ({ url }) => url.replace('migrator', 'changing'),
    finds: { role: 'owner', search_path: 'changing_app', 'app.tenant': 'of changing' },
  },
  'settings that name an object of the database': {
    text: options('-c default_text_search_config=app.words'),
    finds: { default_text_search_config: 'app.words' },
  },
  PGOPTIONS: {
    text: ({ url }) => url,
    environment: '-c search_path=app -c app.tenant=east',
    finds: { search_path: 'app', 'app.tenant': 'east' },
  },
  'PGOPTIONS with a role that the rehearsal server lacks': {
    text: ({ url }) => url,
    environment: '-c role=owner -c search_path=app',
    finds: { search_path: 'app', role: 'owner' },
  },
  'PGOPTIONS and options, which count': {
    text: options('-c search_path=app'),
    environment: '-c search_path=elsewhere -c work_mem=10MB',
    finds: { search_path: 'app' },
  },
}

let source: Cluster
let rehearsals: Cluster
let databases: MigrationRehearsalDatabases

beforeAll(async () => {
  source = await startCluster()
  rehearsals = await startCluster(undefined, 'keeper')
  const maker = await connectClient(source.url())
  await maker.query('create database shop')
  await maker.query('create role owner; create role migrator login; grant owner to migrator')
  await maker.query('create role changing login; grant owner to changing')
  await maker.query(
    "alter role changing set role = owner; alter role changing set search_path = changing_app; alter role owner set work_mem = '11MB'",
  )
  await maker.query("alter role changing set app.tenant = 'of changing'")
  await maker.query("alter database shop set app.tenant = 'north'")
  await maker.end()
  const shop = await connectClient(source.url('shop'))
  await shop.query(
    'create schema app; create text search configuration app.words (copy = simple); grant all on schema app to public',
  )
  await shop.end()
  // The rehearsal server has a configuration of its own, and its URL sets what the copy must not get.
  const url = `${rehearsals.url()}?options=${encoded('-c search_path=wrong -c work_mem=12MB')}`
  const place = openNamedServer('shop', async (database) => urlOfDatabase(url, database))
  databases = openRehearsalDatabases({ find: async () => place, list: async () => [place] })
}, 120_000)

afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([source?.stop(), rehearsals?.stop()])
}, 120_000)

const seenBy = (database: MigrationDatabase) =>
  inDiscardedTransaction(database, CONTEXT, LIMITS, async (sql) => {
    await sql.query('set search_path to default')
    const found: { [setting: string]: string | null } = {}
    for (const name of SEEN) {
      const { rows } = await sql.query<{ value: string | null }>(
        'select pg_catalog.current_setting($1, true) as value',
        [name],
      )
      found[name] = rows[0]!.value
    }
    return found
  })

/** Makes an empty copy of the target of a connection string, and says what a script finds on both. */
async function settingsOnBoth(text: string) {
  const target = openMigrationDatabase({ name: 'shop', role: 'migrator', url: () => text })
  const { profile, role } = await target.read(CONTEXT, async (sql) => ({
    profile: await readDatabaseProfile(sql, target.settingNames()),
    role: (await sql.query<{ role: string }>('select current_user::text as role')).rows[0]!.role,
  }))
  const ref = { place: 'shop', database: 'rehearsal_of_shop' }
  const facts = { runId: 'mig-1', target: 'shop', source: { systemIdentifier: '1', database: 'shop' } }
  const restored = await databases.create({ ...ref, ...facts, madeAt: '' }, profile)
  await restored.transaction(CONTEXT, LIMITS, (sql) =>
    sql.query(
      'create schema app; create text search configuration app.words (copy = simple); grant usage on schema app to public',
    ),
  )
  await databases.seal(ref, profile)
  const copy = await databases.open(ref, role)
  return { onTarget: await seenBy(target), onCopy: await seenBy(copy), profile }
}

describe('a script finds the same settings on the target and on its copy', { timeout: 60_000 }, () => {
  test.each(Object.entries(CASES))('%s', async (_, { text, environment, finds }) => {
    vi.stubEnv('PGOPTIONS', environment)
    const { onTarget, onCopy } = await settingsOnBoth(
      text({ port: source.port, url: source.url('shop', 'migrator') }),
    )
    expect(onTarget).toMatchObject(finds)
    // A login is known on the copy by the role that it takes on the target.
    expect({ ...onCopy, role: onTarget.role }).toEqual(onTarget)
  })
})

const CONFIGURED = {
  search_path: "'app', 'public'",
  default_text_search_config: "'pg_catalog.german'",
  array_nulls: 'off',
  work_mem: "'13MB'",
}

describe('the configuration of the server', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    vi.stubEnv('PGOPTIONS', undefined)
    const client = await connectClient(source.url())
    for (const [name, value] of Object.entries(CONFIGURED))
      await client.query(`alter system set ${name} = ${value}`)
    await client.query('select pg_reload_conf()')
    await client.end()
    await vi.waitFor(
      async () => {
        const again = await connectClient(source.url())
        const { rows } = await again.query('show search_path')
        await again.end()
        expect(rows[0]).toEqual({ search_path: 'app, public' })
      },
      { timeout: 30_000, interval: 100 },
    )
  }, 60_000)

  test('gives a copy what changes the meaning of statements, and not the rest', async () => {
    const { onTarget, onCopy, profile } = await settingsOnBoth(source.url('shop', 'migrator'))
    expect(onTarget).toMatchObject({
      search_path: 'app, public',
      default_text_search_config: 'pg_catalog.german',
      array_nulls: 'off',
      work_mem: '13MB',
    })
    expect({ ...onCopy, work_mem: '13MB' }).toEqual(onTarget)
    expect(profile.settings.map(([name]) => name)).not.toContain('work_mem')
  })
})
