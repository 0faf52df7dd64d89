import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf, type RunJson } from '../support/cli.ts'
import { approve } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'

/** Objects that a superuser put where neither a backup nor a schema of the application has them. */

const skipped = skipWithoutPgDump('migrations of databases with hidden objects')

const NOTE = {
  migration: 'alter table public.unit add column note text;',
  preflight: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  verify: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  rollback: 'alter table public.unit drop column note',
}
const EXPECTED = { schema: { added: ['column public.unit.note'] } }
const HIDDEN = ['members of extension hstore', 'objects in schema pg_catalog']

/** What a superuser's script attempts on the target, where it is one; in a rehearsal it is none. */
const ATTEMPTS = [
  {
    what: 'a function in an extension',
    text: 'create function public.back() returns int language sql return 1; alter extension hstore add function public.back()',
    named: 'members of extension hstore was changed',
  },
  {
    what: 'a function among those of the server',
    text: 'create function pg_catalog.back() returns int language sql return 1',
    named: 'objects in schema pg_catalog was added',
  },
  {
    what: 'another body of a function of PostgreSQL',
    text: `update pg_catalog.pg_proc set prosrc = 'lower' where oid = 'pg_catalog.upper(text)'::regprocedure`,
    named: 'own objects of the server in pg_proc was changed',
  },
]

describe.skipIf(skipped !== null)(
  'a migration of a database with hidden objects',
  { timeout: 300_000 },
  () => {
    let home: ShopHome

    beforeAll(async () => {
      home = await startShopHome('hiding')
    }, 300_000)
    afterAll(() => home.stop(), 300_000)

    test('names what a superuser put into an extension, and goes through once bundle.yaml accepts it', async () => {
      const { shop } = await home.createShop()
      await shop.query(`create extension hstore; create table kept (id int); alter extension hstore add table kept;
      create function back() returns int language sql return 1; alter extension hstore add function back();
      create function pg_catalog.sly() returns int language sql return 1`)
      await shop.end()
      const refused = await home.startMigration({ ...NOTE, spec: { expect: EXPECTED, sideEffects: [] } })
      expect(refused).toMatchObject({ stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE' })
      expect(refused.stop?.message).toContain(
        'no backup holds what somebody put there or changed: function pg_catalog.sly() (objects in schema pg_catalog), function public.back() (members of extension hstore), table public.kept (members of extension hstore)',
      )
      const run = await home.startMigration({
        ...NOTE,
        spec: { expect: EXPECTED, sideEffects: [], deviations: HIDDEN },
      })
      expect(run.stop).toBeUndefined()
      const plan = JSON.parse((await home.at.cutter(['run', 'plan', run.runId])).stdout)
      expect(plan.deviations).toEqual([
        'members of extension hstore has another definition in the rehearsal database',
        'objects in schema pg_catalog is missing from the rehearsal database',
      ])
      expect(jsonOf<RunJson>(await approve(home.at, run.runId, home.key))).toMatchObject({
        outcome: 'succeeded',
      })
    })

    test.each(ATTEMPTS)('rolls back a superuser’s script that hides $what', async ({ text, named }) => {
      const { name, shop } = await home.createShop()
      await shop.query('create extension hstore')
      await shop.end()
      home.at.env.SHOP_URL = home.production.url(name)
      const script = `${NOTE.migration}
do $do$ begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then execute $x$${text}$x$; end if;
end $do$;`
      const run = await home.startMigration({
        ...NOTE,
        migration: script,
        spec: { expect: EXPECTED, sideEffects: [] },
      })
      expect(run.stop).toBeUndefined()
      const done = jsonOf<RunJson>(await approve(home.at, run.runId, home.key))
      expect(done).toMatchObject({ status: 'stopped', stopCode: 'STOP_RESULT_DIFFERS' })
      expect(done.stop?.message).toContain(named)
      const after = await home.connectToShop()
      const { rows } = await after.query(
        `select to_regproc('back') is null as gone, upper('a') as upper, (select count(*)::int from pg_attribute where attrelid = 'public.unit'::regclass and attname = 'note') as columns`,
      )
      await after.end()
      expect(rows).toEqual([{ gone: true, upper: 'A', columns: 0 }])
    })
  },
)
