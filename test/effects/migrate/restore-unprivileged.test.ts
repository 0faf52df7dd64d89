import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents } from '../../../src/effects/migrate/database-contents.ts'
import { findForeignObjects } from '../../../src/effects/migrate/database-profile.ts'
import { findLeftOut } from '../../../src/effects/migrate/left-out.ts'
import { compareSchemas, describeSchemaDifference } from '../../../src/migration/catalogue.ts'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import { openRehearsalDatabases } from '../../../src/targets/postgres/rehearsal-databases.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { aHome } from '../../targets/embedded/embedded-homes.ts'
import { prepareManagedShop } from './managed-shop.ts'
import { backUpShop, CONTEXT, LIMITS, REF, type RestoredFixture, restoreShop } from './restored-fixture.ts'

/** Databases as managed servers have them: no superuser, roles that own each other, policies that are forced, extensions. */

const skipped = skipWithoutPgDump('restores without power')

// cspell:ignore btint prsd gettoken nexttoken lextypes lextype
/** One of each kind that only a superuser can create, of no extension. */
const OF_SUPERUSERS = [
  'create role app',
  'create foreign data wrapper plain',
  "comment on foreign data wrapper plain is 'ours'",
  'grant usage on foreign data wrapper plain to app',
  'create foreign data wrapper unused',
  'create server far foreign data wrapper plain',
  'grant usage on foreign server far to app',
  'create user mapping for app server far',
  'create foreign table table_far (id int) server far',
  'grant select on table_far to app',
  'create view view_far as select id from table_far',
  'create access method another type index handler bthandler',
  'create cast (varchar as bytea) without function',
  'create function fired() returns event_trigger language plpgsql as $$ begin end $$',
  'create event trigger watching on ddl_command_end execute function fired()',
  'create language other handler plpgsql_call_handler',
  'create operator family family using btree',
  'create operator class class for type int using btree family family as operator 1 <, function 1 btint4cmp(int, int)',
  'create publication everything for all tables',
  'create publication of_schema for tables in schema public',
  'create text search parser parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)',
  'create text search template template (lexize = dsimple_lexize)',
  "create function absolute(int) returns int language internal immutable strict as 'int4abs'",
  'create type base',
]

test.skipIf(skipped !== null)(
  'a copy lacks of a database without extensions what only a superuser can create, and nothing else that is not accepted',
  { timeout: 300_000 },
  async () => {
    const servers = openRehearsalServers(aHome())
    const databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
    const shop = await backUpShop({
      async prepare(_, connect) {
        const client = await connect()
        for (const one of OF_SUPERUSERS) await client.query(one)
      },
    })
    try {
      const foreign = await shop.target.read(CONTEXT, findForeignObjects)
      expect(foreign).toEqual(['foreign table public.table_far', 'server far', 'view public.view_far'])
      // A dump can't hold a language whose handler is the server's own.
      await expect(shop.restore(databases, undefined, foreign)).rejects.toThrow(
        /language "other".*; only a superuser could restore TYPE base, CAST \(character varying AS bytea\), .* and \d+ more/s,
      )
      const deviations = [...foreign, 'language other']
      const { restored, leftOut } = await shop.restore(databases, undefined, deviations)
      const { added, removed, changed } = compareSchemas(shop.source.catalogue, restored.catalogue)
      expect([added, changed]).toEqual([[], []])
      const isAccepted = (name: string) =>
        deviations.some((one) => name === one || name.includes(` on ${one} to `))
      const missing = removed.filter((name) => !isAccepted(name))
      expect(findLeftOut(missing, leftOut)).toEqual(missing)
      const kinds = ['access method', 'cast', 'event trigger', 'foreign-data wrapper', 'function']
      for (const kind of [...kinds, 'operator class', 'operator family', 'publication', 'text search'])
        expect(missing.join(), kind).toContain(kind)
    } finally {
      await servers.release()
      await shop.stop()
    }
  },
)

describe.skipIf(skipped !== null).each([1, 3])(
  'a restore without power by %s processes',
  { timeout: 120_000 },
  (jobs) => {
    let fixture: RestoredFixture

    beforeAll(async () => {
      fixture = await restoreShop({ login: 'app_owner', prepare: prepareManagedShop, jobs })
    }, 300_000)

    afterAll(async () => fixture?.stop(), 120_000)

    test('a restore without power has the schema, the privileges and the rows of its source', () => {
      const { source, restored, leftOut } = fixture
      expect(leftOut).toEqual([])
      expect(describeSchemaDifference(compareSchemas(source.catalogue, restored.catalogue))).toEqual([])
      expect(compareContents(source.contents, restored.contents)).toEqual([])
      expect(restored.contents.tables['public.unit']?.rows).toBe('10')
    })

    test('a restore without power fills materialized views that need privileges', async () => {
      const rows = await fixture.copy.read(
        CONTEXT,
        async (sql) => (await sql.query('select from public.words')).rows,
      )
      expect(rows).toHaveLength(20)
    })

    test('a restore keeps no privilege that only the restore needed', async () => {
      const { rows } = await fixture.copy.read(CONTEXT, (sql) =>
        sql.query<{ database: boolean; schema: boolean; defaults: number }>(
          `select has_database_privilege('lonely', current_database(), 'create') as database,
           has_schema_privilege('lonely', 'loading', 'create') as schema,
           (select count(*)::int from pg_default_acl where defaclrole = session_user::regrole) as defaults`,
        ),
      )
      expect(rows).toEqual([{ database: false, schema: false, defaults: 0 }])
    })

    test('an owner that bypasses its own policies sees every row in a rehearsal', async () => {
      const database = await fixture.databases.open(REF, 'app_owner')
      const counted = await database.session(CONTEXT, LIMITS, async (sql) => {
        await sql.query('begin')
        const { rows } = await sql.query('select count(*)::int as n from public.unit')
        await sql.query('rollback')
        return rows[0]
      })
      expect(counted).toEqual({ n: 10 })
    })
  },
)
