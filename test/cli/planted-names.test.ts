// cspell:ignore proargmodes provariadic oprresult oprnamespace
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, aSigner, charter, enableExecution, LIVE, start } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import {
  migrate,
  type Production,
  skipWithoutPgDump,
  startProduction,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/**
 * Databases whose search path finds functions and operators of others before those of the server: one for each function and operator of
 * PostgreSQL, and some in the schema `public` whose arguments fit a call of Cutter better. Each writes its name into the server's log.
 */

const skipped = skipWithoutPgDump('planted names')

/** Arguments of no pseudo-type, because PL/pgSQL takes none. */
const PLAIN = `prokind = 'f' and not exists (select from unnest(proargtypes::oid[] || prorettype) a join pg_type t on t.oid = a where t.typtype = 'p')
  and proargmodes is null and provariadic = 0`
/** A script and checks that call no function. */
const PLAIN_BUNDLE = {
  migration: 'alter table public.unit add column note text;',
  preflight: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  verify: "select 'units' as name, count(*) as value, 86 as expected from public.unit",
  rollback: 'alter table public.unit drop column note',
  spec: { expect: { schema: { added: ['column public.unit.note'] } }, sideEffects: [] },
}

/** A function that says in the server's log who runs it. */
const PLANT = `
create schema planted authorization intruder;
grant usage on schema planted to public;
create function pg_temp.plant(signature text, name text) returns void language plpgsql as $p$ begin
  execute format('create function %s language plpgsql as %L', signature,
    format('begin raise log ''PLANTED %% as %%'', %L, current_user; return %s; end', name, case when signature !~ ' SETOF ' then 'null' end));
exception when duplicate_function or invalid_function_definition or syntax_error or undefined_object then null;
end $p$;
select pg_temp.plant(format('planted.%I(%s) returns %s', proname, pg_get_function_identity_arguments(oid), pg_get_function_result(oid)), proname)
  from pg_proc where pronamespace = 'pg_catalog'::regnamespace and ${PLAIN};
do $do$ declare one record; begin
  for one in select o.oid, oprname, oprleft::regtype as l, oprright::regtype as r, oprresult::regtype as result from pg_operator o
      join pg_type a on a.oid = oprleft join pg_type b on b.oid = oprright join pg_type c on c.oid = oprresult
      where oprnamespace = 'pg_catalog'::regnamespace and a.typtype <> 'p' and b.typtype <> 'p' and c.typtype <> 'p' loop
    perform pg_temp.plant(format('planted.operator_%s(%s, %s) returns %s', one.oid, one.l, one.r, one.result), one.oprname);
    execute format('create operator planted.%s (leftarg = %s, rightarg = %s, function = planted.operator_%s)', one.oprname, one.l, one.r, one.oid);
  end loop;
end $do$;
${[
  'format(text, oid, timestamptz) returns text',
  'hashtextextended(text, int) returns bigint',
  'hashtextextended(varchar, int) returns bigint',
  'current_setting(varchar) returns text',
  'pg_get_userbyid(bigint) returns name',
  'pg_has_role(name, text) returns boolean',
  'shobj_description(oid, varchar) returns text',
  'obj_description(oid, varchar) returns text',
  'has_schema_privilege(name, text) returns boolean',
]
  .map((one) => `select pg_temp.plant('public.${one}', 'public.${one}');`)
  .join('\n')}
`

describe.skipIf(skipped !== null)(
  'functions of others under the names of the server’s',
  { timeout: 300_000 },
  () => {
    let at: CutterHome
    let key: string
    let production: Production

    beforeAll(async () => {
      at = aCutterHome(`${LIVE}
targets:
  shop: { migratorUrlEnv: SHOP_URL }
  main: { ownerUrlEnv: OWNER_URL, readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL }
`)
      key = aSigner(at, undefined, 'cutter.*')
      production = await startProduction()
      const maker = await connectClient(production.url())
      await maker.query('create role intruder')
      await maker.query('create database main')
      const main = await connectClient(production.url('main'))
      const shop = await production.shop('shop')
      for (const [name, client] of [
        ['main', main],
        ['shop', shop],
      ] as const) {
        await client.query(PLANT)
        await maker.query(`alter database ${name} set search_path = planted, pg_catalog, public`)
      }
      await Promise.all([main.end(), maker.end()])
      await enableExecution(at)
      at.env.SHOP_URL = production.url('shop', 'shop_owner')
      at.env.OWNER_URL = production.url('main')
      for (const role of ['reader', 'executor', 'verifier'])
        at.env[`${role.toUpperCase()}_URL`] = production.url('main', `cutter_${role}:word`)
    }, 300_000)

    afterAll(async () => {
      await at.remove()
      await production.stop()
    }, 300_000)

    const ran = () => [
      ...new Set(
        readFileSync(join(production.folder, 'log'), 'utf8')
          .split('\n')
          .filter((line) => line.includes('PLANTED'))
          .map((line) => line.replace(/^.*PLANTED/, 'ran')),
      ),
    ]

    test('run for others, as the log shows', async () => {
      const other = await connectClient(production.url('shop', 'shop_owner'))
      await other.query("select format('%s', 1::oid, now()), 1 = 1, lower('a')")
      await other.end()
      expect(ran()).toEqual(expect.arrayContaining([expect.stringMatching(/^ran lower as shop_owner/)]))
    })

    test('never run for a cut, from target init to the closeout', async () => {
      const before = ran()
      const init = await at.cutter(['target', 'init', 'main'])
      expect(init).toMatchObject({ code: 0 })
      const source = at.file('charter.md', charter('One.', 'Two.'))
      const cut = jsonOf<RunJson>(
        await start(at, { document: 'CHARTER', source, target: 'main', mode: 'live' }),
      )
      expect(cut).toMatchObject({ gate: 'SG1' })
      expect(jsonOf(await approve(at, cut.runId, key))).toMatchObject({ gate: 'SG2' })
      expect(jsonOf(await approve(at, cut.runId, key))).toMatchObject({ outcome: 'succeeded' })
      for (const command of [
        ['target', 'survey', 'main'],
        ['target', 'grants', 'main'],
        ['target', 'init', 'main', '--dry-run'],
        ['document', 'list', '--target', 'main'],
        ['doctor'],
      ])
        await at.cutter(command)
      expect(ran()).toEqual(before)
    })

    test('never run for a migration whose script calls none', async () => {
      const before = ran()
      const run = jsonOf<RunJson>(
        await migrate(at, writeMigrationBundle(at, 'plain', PLAIN_BUNDLE), '--mode', 'live'),
      )
      expect(run.stop).toBeUndefined()
      expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'succeeded' })
      expect(ran()).toEqual(before)
    })
  },
)
