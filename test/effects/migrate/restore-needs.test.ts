import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stop } from '../../../src/domain/errors.ts'
import { compareContents } from '../../../src/effects/migrate/database-contents.ts'
import { planRestore } from '../../../src/effects/migrate/planned-restore.ts'
import { type Catalogue, compareSchemas, describeSchemaDifference } from '../../../src/migration/catalogue.ts'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import { openNamedServer } from '../../../src/targets/postgres/rehearsal-place.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, type Major, serverOf, startCluster } from '../../support/pg-cluster.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { aHome } from '../../targets/embedded/embedded-homes.ts'
import { type BackedUpShop, backUpShop } from './restored-fixture.ts'

/** Databases whose backups pg_restore alone does not restore, because code of theirs runs while rows are copied. */

const skipped = skipWithoutPgDump('restores of databases whose code runs while rows are copied')

const FUNCTIONS = `
create function low(x text) returns text immutable language sql as $$ select lower(x) $$;
create function nrm(x text) returns text immutable language plpgsql as $$ begin return low(x); end $$;
create function nrm_sql(x text) returns text immutable language sql as $$ select low(x) $$;
create function same(a text, b text) returns boolean immutable language plpgsql as $$ begin return low(a) = low(b); end $$;
create operator === (leftarg = text, rightarg = text, function = same);
create type pair as (a text, b text);
create function as_pair(x text) returns pair immutable language plpgsql as $$ begin return row(low(x), x)::pair; end $$;
create cast (text as pair) with function as_pair(text);
`

/** Each makes a table with rows, whose name is the key. */
const TABLES: { [table: string]: string } = {
  checked: "create table checked (id int, s text check (nrm(s) = 'a')); insert into checked values (1, 'A')",
  checked_sql:
    "create table checked_sql (id int, s text check (nrm_sql(s) = 'a')); insert into checked_sql values (1, 'A')",
  by_operator:
    "create table by_operator (id int, s text check (s === 'a')); insert into by_operator values (1, 'A')",
  by_cast: "create table by_cast (s text check ((s::pair).a = 'a')); insert into by_cast values ('A')",
  of_domain: `create domain small as text check (nrm(value) = 'a'); create table of_domain (s small);
    insert into of_domain values ('A')`,
  of_arrays: `create domain smalls as text[] check (nrm(value[1]) = 'a'); create type held as (n int, s small);
    create table of_arrays (a smalls, b small[], c held); insert into of_arrays values ('{A}', '{A}', '(1,A)')`,
  of_range: `create function later(a int, b int) returns float8 immutable language sql as $$ select (a - b)::float8 $$;
    create type span as range (subtype = int, subtype_diff = later); create domain spans as span check (nrm(lower(value)::text) = '1');
    create table of_range (s spans); insert into of_range values ('[1,3)')`,
  parted_a: `create table parted (s text) partition by list (nrm(s)); create table parted_a partition of parted for values in ('a');
    create table parted_rest partition of parted default; insert into parted values ('A'), ('B')`,
  hashed_0: `create table hashed (s text) partition by hash (nrm(s)); create table hashed_0 partition of hashed for values with (modulus 1, remainder 0);
    insert into hashed values ('A')`,
  generated:
    "create table generated (s text, l text generated always as (nrm(s)) stored); insert into generated values ('A')",
  child: `create table parent (s text check (nrm(s) = 'a')); create table child () inherits (parent);
    insert into parent values ('A'); insert into child values ('A')`,
  a_reader: `create table z_known (id int); insert into z_known values (1);
    create function known(x int) returns boolean stable language sql as $$ select exists (select from public.z_known where id = x) $$;
    create table a_reader (id int check (known(id))); insert into a_reader values (1)`,
  b_reader: `create function known_here(x int) returns boolean stable language plpgsql as $$ begin return exists (select from z_known where id = x); end $$;
    create table b_reader (id int check (known_here(id))); insert into b_reader values (1)`,
  of_setting: `create function tenant(x text) returns boolean stable language plpgsql as $$ begin return x = current_setting('app.tenant'); end $$;
    create table of_setting (s text check (tenant(s))); insert into of_setting values ('north')`,
  elsewhere: `create schema "Other one"; create function "Other one".inner_one(x text) returns text immutable language sql as $$ select lower(x) $$;
    create function "Other one".outer_one(x text) returns text immutable language plpgsql as $$ begin return inner_one(x); end $$;
    set search_path = "Other one", public; create table public.elsewhere (s text check (outer_one(s) = 'a')); insert into elsewhere values ('A'); reset search_path`,
  "Odd's table": `create table "Odd's table" ("a column" text check (nrm("a column") = 'a')); insert into "Odd's table" values ('A')`,
}

const RULE =
  /\((?:in|.* called by) (?:constraint public\..*_check|domain public\.\w+|column public\.generated\.l|partition key of table public\.\w+)\)$/

/** Definitions that come after the rows. */
const DEFINITIONS = `
create table referred (id int primary key, s text check (nrm(s) = 'a')); insert into referred values (1, 'A');
create table referring (id int references referred); insert into referring values (1);
create statistics of_nrm on (nrm(s)), id from checked;
create function loud() returns trigger language plpgsql as $$ begin new.s := 'changed'; return new; end $$;
create trigger loud before insert on checked for each row execute function loud();
create rule quiet as on insert to checked_sql do instead nothing;
alter table checked enable row level security; create policy own on checked using (nrm(s) = 'b');
`

/** Definitions that evaluate rows. From PostgreSQL 17 on they do so with the search path of the server alone, on the target as well. */
const EVALUATED = `
create index checked_nrm on checked (nrm(s));
create index checked_part on checked (id) where nrm(s) = 'a';
create table excluded (s text, exclude using btree (nrm(s) with =)); insert into excluded values ('A');
create materialized view all_nrm as select nrm(s) as n from checked;
`
const SAFE_PATH = 17

/** PostgreSQL 16 writes a view with fewer names than 15 did. Both servers of a run have the same version. */
const OTHER_TEXT = ['materialized view public.all_nrm was changed']

/** Rules that reject rows of their own table: no order and no search path lets them in. */
const RULES = `
create function grew(x text) returns boolean immutable language sql as $$ select true $$;
create table grown (s text constraint small_then check (grew(s))); insert into grown values ('A');
create domain grown_one as text constraint domain_then check (grew(value)); create table of_grown (s grown_one); insert into of_grown values ('A');
create table grown_root (s text constraint root_then check (grew(s))) partition by list (s);
create table grown_leaf partition of grown_root for values in ('A'); insert into grown_root values ('A');
create or replace function grew(x text) returns boolean immutable language sql as $$ select false $$;
create table people (id int, boss int); create function has_boss(b int) returns boolean stable language sql as $$
  select b is null or exists (select from public.people where id = b) $$;
alter table people add constraint boss check (has_boss(boss)); insert into people values (1, null); insert into people values (2, 1);
`
const BROKEN = `create function made(x text) returns text immutable language plpgsql as $$ begin return x; end $$;
create table made_once (s text, m text generated always as (made(s)) stored); insert into made_once (s) values ('A');
create table key (s text) partition by list (made(s)); create table key_a partition of key for values in ('A'); insert into key values ('A');
create or replace function made(x text) returns text immutable language plpgsql as $$ begin raise exception 'no more'; end $$;`

/** What the copy has otherwise. */
const DEVIATIONS = [
  'constraint public.grown.small_then',
  'constraint public.grown_leaf.root_then',
  'constraint public.grown_root.root_then',
  'constraint public.people.boss',
  'domain public.grown_one',
]

/** The server that Cutter makes, of PostgreSQL 15, and servers that `rehearsalUrlEnv` names, of the other major versions. */
interface Restoring {
  jobs: number
  major: Major
}
const others = ([14, 16, 17, 18] as const).filter((major) => serverOf(major) !== null)
if (others.length < 4) console.info(`restores are tried on PostgreSQL ${[15, ...others].join(', ')}`)
const RESTORING: Restoring[] = [
  { jobs: 1, major: 15 },
  { jobs: 3, major: 15 },
  ...others.map((major) => ({ jobs: 1, major })),
]

const described = describe.skipIf(skipped !== null).each(RESTORING)
described('a restore by $jobs processes on PostgreSQL $major', { timeout: 120_000 }, ({ jobs, major }) => {
  let shop: BackedUpShop
  let found: Awaited<ReturnType<BackedUpShop['restore']>>
  let server: Cluster | null = null
  const made = openRehearsalServers(aHome())
  const tmp = mkdtempSync(join(tmpdir(), 'cutter-again-'))

  beforeAll(async () => {
    if (major !== 15) server = await startCluster(serverOf(major), 'keeper')
    const named = openNamedServer('embedded', async (database) => server!.url(database))
    const servers = server === null ? made : named
    const databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
    shop = await backUpShop({
      // A newer pg_dump than 15, which newer servers need, can't be expected here. Their errors are those of the rehearsal server.
      major: major < 15 ? major : 15,
      jobs,
      async prepare(maker, connect) {
        await maker.query("alter database shop set app.tenant = 'north'")
        const client = await connect()
        await client.query("set app.tenant = 'north'")
        await client.query(FUNCTIONS)
        for (const text of Object.values(TABLES)) await client.query(text)
        await client.query(DEFINITIONS)
        if (major < SAFE_PATH) await client.query(EVALUATED)
      },
    })
    found = await shop.restore(databases)
  }, 300_000)

  afterAll(async () => {
    await made.release()
    await shop?.stop()
    await server?.stop()
    rmSync(tmp, { recursive: true, force: true })
  }, 120_000)

  const differences = (restored: Catalogue) =>
    describeSchemaDifference(compareSchemas(shop.source.catalogue, restored)).filter(
      (line) => major === 15 || !OTHER_TEXT.includes(line),
    )

  test('a restore fills tables whose rows run code that needs a search path, a setting or other rows', () => {
    const { restored, needs, leftOut } = found
    expect(compareContents(shop.source.contents, restored.contents)).toEqual([])
    expect(differences(restored.catalogue)).toEqual([])
    expect(leftOut).toEqual([])
    // Of processes that work at once, chance decides which table is filled first.
    const filled = needs
      .flatMap(({ table }) => table?.table ?? [])
      .filter((one) => one !== 'a_reader' || jobs === 1)
    const others = ['parent', 'parted_rest', 'referred']
    const known = [...Object.keys(TABLES), ...others].filter((one) => one !== 'a_reader' || jobs === 1)
    expect([...filled].sort()).toEqual(known.sort())
    for (const { table, settings, because } of needs)
      if (table !== undefined && settings.length > 0) expect(because, table.table).toMatch(RULE)
    const lines = planRestore(needs).because
    expect(lines).toContain(
      'rows of public.checked: function low(text) does not exist (in public.nrm(text), called by constraint public.checked.checked_s_check); restored with search_path = postgres, public',
    )
    expect(needs.filter(({ without }) => without !== undefined)).toEqual([])
  })

  test.skipIf(jobs > 1)('the commands of a planned restore restore all of it', async () => {
    const { needs } = found
    const into = server ?? shop.cluster
    const maker = await connectClient(into.url())
    await maker.query('create database again')
    await maker.query("alter database again set app.tenant = 'north'")
    await maker.end()
    const { commands } = planRestore(needs)
    for (const command of commands)
      execFileSync('bash', ['-euo', 'pipefail', '-c', command], {
        cwd: tmp,
        env: {
          ...process.env,
          BACKUP: shop.path,
          DATABASE: into.url('again'),
        },
        stdio: 'pipe',
      })
    const { contents, catalogue } = await shop.find('again', into)
    expect(compareContents(shop.source.contents, contents)).toEqual([])
    expect(differences(catalogue)).toEqual([])
  })
})

describe.skipIf(skipped !== null)('rules that reject rows of the source', { timeout: 120_000 }, () => {
  let shop: BackedUpShop
  let databases: MigrationRehearsalDatabases
  const servers = openRehearsalServers(aHome())

  beforeAll(async () => {
    databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
    shop = await backUpShop({
      async prepare(_, connect) {
        const client = await connect()
        await client.query(RULES)
      },
    })
  }, 300_000)

  afterAll(async () => {
    await servers.release()
    await shop?.stop()
  }, 120_000)

  test('a restore names each rule that rejects rows of the source, with its function', async () => {
    const refusal = await shop.restore(databases).catch((error: Stop) => error)
    expect(refusal).toMatchObject({
      facts: { code: 'STOP_REHEARSAL_NOT_REPRESENTATIVE', data: { deviations: expect.any(Array) } },
    })
    const { facts, message } = refusal as Stop
    expect([...(facts.data!.deviations as string[])].sort()).toEqual(DEVIATIONS)
    expect(facts.next).toContain('"constraint public.grown.small_then"')
    expect(message).toMatch(/constraint public\.people\.boss rejects rows of public\.people/)
  })

  test('a restore keeps the rules for new rows alone where the bundle accepts it', async () => {
    const { restored, needs } = await shop.restore(databases, undefined, DEVIATIONS)
    expect(compareContents(shop.source.contents, restored.contents)).toEqual([])
    expect(compareSchemas(shop.source.catalogue, restored.catalogue)).toEqual({
      added: [],
      removed: [],
      changed: DEVIATIONS,
    })
    expect(planRestore(needs).because).toContainEqual(
      expect.stringMatching(/without constraint public\.people\.boss$/),
    )
  })

  test('a restore names a generated column or partition key that no session can compute', async () => {
    const broken = await backUpShop({
      async prepare(_, connect) {
        const client = await connect()
        await client.query(BROKEN)
      },
    })
    const refusal = (await broken.restore(databases).catch((error: Stop) => error)) as Stop
    expect(refusal.facts).toMatchObject({ code: 'STOP_BACKUP_FAILED' })
    expect(refusal.facts.data!.faults).toEqual([
      'rows of public.key_a: no more (in public.made(text), called by partition key of table public.key)',
      'rows of public.made_once: no more (in public.made(text), called by column public.made_once.m)',
    ])
    await broken.cluster.stop()
  })
})
