import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents } from '../../../src/effects/migrate/database-contents.ts'
import { compareSchemas, describeSchemaDifference } from '../../../src/migration/catalogue.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { prepareManagedShop } from './managed-shop.ts'
import { CONTEXT, LIMITS, REF, type RestoredFixture, restoreShop } from './restored-fixture.ts'

/** Databases as managed servers have them: no superuser, roles that own each other, policies that are forced, extensions. */

const skipped = skipWithoutPgDump('restores without power')

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
