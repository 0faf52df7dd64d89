import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents } from '../../../src/effects/migrate/database-contents.ts'
import { compareSchemas, describeSchemaDifference } from '../../../src/migration/catalogue.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { CONTEXT, LIMITS, REF, type RestoredFixture, restoreShop } from './restored-fixture.ts'

/** Databases as managed servers have them: no superuser, roles that own each other, policies that are forced, extensions. */

const skipped = skipWithoutPgDump('restores without power')

/** The owner of the database bypasses policies, or no backup of a table whose policies are forced would be complete. */
const ROLES = `
create role team;
create role app_owner login bypassrls in role team;
create role loader in role team;
create role reader;
create role grantee;
create role "Odd; role";
create role lonely;
grant app_owner to loader;
grant app_owner to "Odd; role";
`

const OBJECTS = `
create extension citext schema extra;
create schema loading authorization loader;
create schema "Odd; schema" authorization "Odd; role";
grant usage on schema loading to app_owner, reader, grantee;
grant usage, create on schema loading to lonely;
set role loader;
create table loading.raw (id int primary key, word extra.citext);
insert into loading.raw select n, 'Word ' || n from generate_series(1, 20) n;
grant select on loading.raw to reader with grant option;
grant select, references on loading.raw to app_owner;
create sequence loading.numbers;
select nextval('loading.numbers');
reset role; set role reader;
grant select on loading.raw to grantee;
reset role; set role lonely;
create table loading.of_lonely (id int);
insert into loading.of_lonely values (1);
reset role;
revoke create on schema loading from lonely;
set role app_owner;
create table public.unit (id int primary key references loading.raw, state text not null);
insert into public.unit select n, 'open' from generate_series(1, 10) n;
alter table public.unit enable row level security;
alter table public.unit force row level security;
create policy open_only on public.unit using (state = 'closed');
create materialized view public.words as select word, count(*) as n from loading.raw group by word;
alter default privileges in schema public grant select on tables to reader;
select lo_from_bytea(4711, 'of the owner');
create function public.secure() returns int language sql security definer as 'select 1';
revoke execute on function public.secure() from public;
reset role; set role "Odd; role";
create table "Odd; schema"."T" ("a b" text default 'x');
insert into "Odd; schema"."T" values ('y');
comment on table "Odd; schema"."T" is E'a\\n-- Name: fake; Type: ACL; Schema: -; Owner: -';
create publication chosen for table "Odd; schema"."T";
reset role;
`

let fixture: RestoredFixture

beforeAll(async () => {
  if (skipped !== null) return
  fixture = await restoreShop({
    login: 'app_owner',
    async prepare(maker, connect) {
      await maker.query(ROLES)
      await maker.query(
        `alter database shop owner to app_owner; grant create on database shop to loader, "Odd; role"`,
      )
      await maker.query('grant loader, reader, lonely, "Odd; role" to postgres')
      await maker.query(`alter database shop set search_path = loading, public`)
      const shop = await connect()
      await shop.query('create schema extra; create extension amcheck schema extra')
      await shop.query('grant usage on schema extra to public; set search_path = public')
      await shop.query(OBJECTS)
      await shop.query(`grant usage on schema "Odd; schema" to app_owner;
        grant select on all tables in schema loading, public, "Odd; schema" to app_owner; grant select on all sequences in schema loading to app_owner`)
    },
  })
}, 300_000)

afterAll(async () => fixture?.stop(), 120_000)

describe.skipIf(skipped !== null)('a restore without power', { timeout: 120_000 }, () => {
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
})
