import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { FROM_A_BACKUP, FROM_A_SCRIPT } from './escape-attempts.ts'
import { CONTEXT, LIMITS, REF, type RestoredFixture, restoreShop } from './restored-fixture.ts'

/** A database in which somebody who may create objects in one schema has planted code, restored and rehearsed on its own server. */

const skipped = skipWithoutPgDump('escapes from rehearsals')

let folder: string
let fixture: RestoredFixture

/** Who ran the planted code where, and what succeeded there. */
const RECORDS = `
create table scratch.ran (what text, role text, power boolean);
create table scratch.reached (what text, attempt text);
`

/** The function is called as immutable, so that an index and a generated column take it; inside, it does what it wants. */
const planted = (attempts: string[]) => `
create function scratch.attempt(what text) returns void volatile language plpgsql as $f$
declare statement text;
begin
  if current_database() = 'shop' then return; end if;
  -- Some of it runs before these tables exist.
  begin
    insert into scratch.ran select what, current_user, (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
  exception when others then null;
  end;
  foreach statement in array array[${attempts.map((one) => `$a$${one}$a$`).join(', ')}] loop
    begin
      execute replace(statement, 'WHAT', what);
      begin
        insert into scratch.reached values (what, statement);
      exception when others then null;
      end;
    exception when others then null;
    end;
  end loop;
end $f$;
create function scratch.evil(what text) returns boolean immutable language plpgsql as $f$
begin perform scratch.attempt(what); return true; end $f$;
create function scratch.fired() returns trigger language plpgsql as $f$
begin perform scratch.attempt(tg_argv[0]); return new; end $f$;
`

const OBJECTS = `
create table scratch.a_check (x text check (scratch.evil('check')));
create domain scratch.percent as int check (scratch.evil('domain'));
create table scratch.a_domain (x scratch.percent);
create table scratch.an_index (x text);
create index on scratch.an_index ((scratch.evil('index')));
create table scratch.a_partial (x text);
create index on scratch.a_partial (x) where scratch.evil('predicate');
create table scratch.a_column (x text, y boolean generated always as (scratch.evil('generated')) stored);
create table scratch.a_default (x text, y boolean default scratch.evil('default'));
create table scratch.a_trigger (x text);
create trigger fired before insert on scratch.a_trigger for each row execute function scratch.fired('trigger');
create table scratch.a_rule (x text);
create rule fired as on insert to scratch.a_rule do also select scratch.evil('rule');
create table scratch.a_policy (x text);
alter table scratch.a_policy enable row level security;
alter table scratch.a_policy force row level security;
create policy fired on scratch.a_policy using (scratch.evil('policy')) with check (scratch.evil('policy'));
create materialized view scratch.a_view as select scratch.evil('matview') as y;
create view scratch.a_plain_view as select scratch.evil('view') as y;
`
const FILLED = ['a_check', 'a_domain', 'an_index', 'a_partial', 'a_column']
const TABLES = [...FILLED, 'a_default', 'a_trigger', 'a_rule', 'a_policy']

const inFolder = (text: string) => text.replaceAll('FOLDER', folder)

beforeAll(async () => {
  if (skipped !== null) return
  folder = mkdtempSync(join(tmpdir(), 'cutter-escapes-'))
  chmodSync(folder, 0o777)
  fixture = await restoreShop({
    async prepare(maker, connect) {
      await maker.query('create role shop_owner login; create role intruder')
      const shop = await connect()
      await shop.query(
        'grant create on schema public to shop_owner; create schema scratch authorization intruder; grant all on schema scratch to public',
      )
      await shop.query(`set role intruder; ${inFolder(planted(FROM_A_BACKUP))}${OBJECTS}${RECORDS}`)
      await shop.query('grant all on all tables in schema scratch to public; reset role')
      for (const table of FILLED) await shop.query(`insert into scratch.${table} (x) values (null)`)
      await shop.query(
        `create function scratch.watch() returns event_trigger language plpgsql as $$ begin perform scratch.evil('event'); end $$`,
      )
      await shop.query('create event trigger watching on ddl_command_end execute function scratch.watch()')
      await shop.query('create publication everything for all tables')
    },
  })
}, 300_000)

afterAll(async () => {
  if (skipped !== null) return
  await fixture.stop()
  rmSync(folder, { recursive: true, force: true })
}, 120_000)

const rowsOf = async (text: string) =>
  fixture.copy.session(
    CONTEXT,
    LIMITS,
    async (sql) => (await sql.query<{ [column: string]: unknown }>(text)).rows,
  )

describe.skipIf(skipped !== null)('code in a restored backup', { timeout: 120_000 }, () => {
  test('a restore leaves out what only a superuser can create, and names it', () => {
    expect(fixture.leftOut).toEqual([
      { kind: 'PUBLICATION', name: 'everything' },
      { kind: 'EVENT TRIGGER', name: 'watching' },
    ])
  })

  test('a restore runs planted code without power, and nothing of it has an effect', async () => {
    const ran = await rowsOf('select distinct what, power from scratch.ran order by 1')
    expect(ran.filter(({ power }) => power === true)).toEqual([])
    expect(ran.map(({ what }) => what)).toEqual(expect.arrayContaining(['check', 'generated', 'matview']))
    expect(await rowsOf('select * from scratch.reached')).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(['shop_owner', 'postgres'])('statements of %s run planted code without power', async (role) => {
    const database = await fixture.databases.open(REF, role)
    for (const table of TABLES)
      await database
        .session(CONTEXT, LIMITS, (sql) => sql.query(`insert into scratch.${table} (x) values (null)`))
        .catch(() => undefined)
    for (const text of [
      'select * from scratch.a_plain_view',
      'select * from scratch.a_policy',
      'refresh materialized view scratch.a_view',
      'analyze',
      'create table scratch.made (id int); drop table scratch.made',
      'create table public.made (id int); drop table public.made',
    ])
      await database.session(CONTEXT, LIMITS, (sql) => sql.query(text)).catch(() => undefined)
    const ran = await rowsOf('select distinct what, power from scratch.ran order by 1')
    expect(ran.filter(({ power }) => power === true)).toEqual([])
    expect(ran.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        'default',
        'domain',
        'index',
        'policy',
        'predicate',
        'rule',
        'trigger',
        'view',
      ]),
    )
    expect(await rowsOf('select * from scratch.reached')).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })
})

describe.skipIf(skipped !== null)('a migration script', { timeout: 120_000 }, () => {
  const attempts = ['shop_owner', 'postgres'].flatMap((role) =>
    Object.entries(FROM_A_SCRIPT).map(([what, text]) => ({ role, what, text })),
  )
  test.each(attempts)(
    'a script of $role can’t reach outside of the rehearsal: $what',
    async ({ role, text }) => {
      const database = await fixture.databases.open(REF, role)
      const run = database.session(CONTEXT, LIMITS, (sql) =>
        sql.query(inFolder(text).replaceAll('current_db', REF.database)),
      )
      await expect(run).rejects.toThrow()
      expect(readdirSync(folder)).toEqual([])
    },
  )

  test.each(['shop_owner', 'postgres'])('a session of %s has a login without power', async (role) => {
    const database = await fixture.databases.open(REF, role)
    const found = await database.session(CONTEXT, LIMITS, async (sql) => {
      await sql.query('reset session authorization; reset role')
      const { rows } = await sql.query(
        `select session_user::text as login, (select rolsuper or rolcreaterole or rolcreatedb or rolreplication from pg_roles where rolname = session_user) as power`,
      )
      return rows[0]
    })
    expect(found).toEqual({ login: role, power: false })
  })
})
