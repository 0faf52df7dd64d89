import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { sha256 } from '../../src/domain/json.ts'
import { type CutterHome, jsonOf } from './cli.ts'
import { type Cluster, startCluster } from './pg-cluster.ts'

/**
 * A migration like one of the original system: two new columns on two tables, one new table with four indexes (one of its primary
 * key), and 86 rows filled. A trigger sets their updated_at, which the bundle accepts in advance.
 */

/** Roles and schema of a production server. */
const SHOP = `
create role shop_owner login;
create role shop_reader;
create schema if not exists public;
grant all on schema public to shop_owner;
`

/** The tables of a shop, with 86 units. */
const SHOP_TABLES = `
set role shop_owner;
create table unit (id int primary key, title text not null, kind text not null, updated_at timestamptz not null default now());
create table unit_version (id int generated always as identity primary key, unit_id int not null references unit, body text not null);
create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); return new; end $$;
create trigger touched before update on unit for each row execute function touch();
create index unit_kind on unit (kind);
create view articles as select id, title from unit where kind = 'article';
grant select on unit, unit_version to shop_reader;
create sequence tickets;
select nextval('tickets') from generate_series(1, 7);
insert into unit select n, 'Unit ' || n, case when n % 3 = 0 then 'article' else 'section' end, '2025-01-01' from generate_series(1, 86) n;
insert into unit_version (unit_id, body) select id, 'Body é ' || id from unit;
reset role;
`

/** The script of the migration. */
export const MIGRATION = `-- Reviews — a unit’s state, and who looked at it.
alter table unit add column state text not null default 'draft';
alter table unit_version add column reviewed_by text;
create table review (
  id bigint generated always as identity primary key,
  unit_id int not null references unit,
  verdict text not null check (verdict in ('pass', 'fail')),
  at timestamptz not null default now()
);
create index review_unit on review (unit_id);
create index review_at on review (at);
create index review_verdict on review (verdict, at);
update unit set state = case kind when 'article' then 'enacted' else 'draft' end;
`

/** Its checks before. */
const PREFLIGHT = `select 'unit has 86 rows' as name, count(*) as value, 86 as expected from public.unit;
select 'there is no table review yet' as name, to_regclass('public.review') is null as ok;
`

/** Its checks after. */
export const VERIFY = `select 'every article is enacted' as name, bool_and(state = 'enacted') as ok from unit where kind = 'article';
select 'review is empty' as name, count(*) as value, 0 as expected from review;
select 'units by state ' || state as name, count(*) as value, case state when 'enacted' then 28 else 58 end as expected
  from unit group by state;
`

/** Its rollback. */
export const ROLLBACK = `drop table review;
alter table unit_version drop column reviewed_by;
alter table unit drop column state;
`

/** What bundle.yaml expects of it. */
export const EXPECTED = {
  schema: {
    added: [
      'column public.unit.state',
      'column public.unit_version.reviewed_by',
      'table public.review',
      'index public.review_unit',
      'index public.review_at',
      'index public.review_verdict',
    ],
    removed: [] as string[],
    changed: [] as string[],
  },
  rows: { 'public.unit': { updated: 86 } } as { [table: string]: { [how: string]: number | string[] } },
  distributions: [
    {
      name: 'units by state',
      sql: 'select state, count(*) as units from unit group by state;',
      rows: [
        { state: 'enacted', units: 28 },
        { state: 'draft', units: 58 },
      ],
    },
  ],
}

/** Parts of a bundle that differ from the migration above. */
export interface BundleParts {
  migration?: string
  preflight?: string
  verify?: string
  rollback?: string
  spec?: { [key: string]: unknown }
  /** What bundle.yaml states as the hash of migration.sql, if it is not its hash. */
  sha256?: string
}

/** Writes a migration bundle below the home, and returns its folder. bundle.yaml holds JSON, which is valid YAML. */
export function writeMigrationBundle(at: CutterHome, name = 'units-review', parts: BundleParts = {}): string {
  const folder = at.path(name)
  mkdirSync(folder, { recursive: true })
  const { migration = MIGRATION, preflight = PREFLIGHT, verify = VERIFY, rollback = ROLLBACK } = parts
  const spec = {
    name,
    migration: { file: 'migration.sql', sha256: parts.sha256 ?? sha256(migration) },
    preflight: 'preflight.sql',
    verify: 'verify.sql',
    rollback: 'rollback.sql',
    expect: EXPECTED,
    sideEffects: [
      { what: 'the trigger touches updated_at', table: 'public.unit', columns: ['updated_at'], rows: 86 },
    ],
    lockTimeoutSeconds: 2,
    statementTimeoutSeconds: 30,
    ...parts.spec,
  }
  const files = {
    'migration.sql': migration,
    'preflight.sql': preflight,
    'verify.sql': verify,
    'rollback.sql': rollback,
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  writeFileSync(join(folder, 'bundle.yaml'), JSON.stringify(spec, null, 2))
  return folder
}

/** A production server with databases of the shop. The role that migrates them is not a superuser. */
export interface Production extends Cluster {
  shop(name: string): Promise<pg.Client>
  /** The migrator's URL, with a password, so that a test can search for it in output and files. */
  migratorUrl(name: string): string
}

/** Starts a production server, or uses the cluster that is given. */
export async function startProduction(cluster?: Cluster): Promise<Production> {
  cluster ??= await startCluster()
  const clients: pg.Client[] = []
  const connect = async (database: string) => {
    const client = new pg.Client({ connectionString: cluster.url(database) })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  const maker = await connect('postgres')
  await maker.query(SHOP)
  return {
    ...cluster,
    async shop(name) {
      await maker.query(`create database ${name}`)
      const client = await connect(name)
      await client.query('grant all on schema public to shop_owner')
      await client.query(SHOP_TABLES)
      return client
    },
    migratorUrl: (name) => cluster.url(name, 'shop_owner').replace('shop_owner@', 'shop_owner:s3cret-word@'),
    async stop() {
      await Promise.all(clients.map((client) => client.end()))
      await cluster.stop()
    },
  }
}

/** Null if the suite can run; otherwise the reason, which is printed once. */
export function skipWithoutPgDump(suite: string): string | null {
  try {
    execFileSync('pg_dump', ['--version'], { stdio: 'ignore' })
    execFileSync('pg_restore', ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    const reason = 'pg_dump or pg_restore is not installed'
    console.info(`skipped: ${suite}: ${reason}`)
    return reason
  }
}

/** Starts a migration of the target `shop`. */
export function migrate(at: CutterHome, bundle: string, ...more: string[]) {
  return at.cutter(['run', 'start', 'migrate', '--bundle', bundle, '--target', 'shop', '--json', ...more])
}

interface MigrationState {
  columns: string[]
  tables: string[]
  indexes: string[]
  units: { rows: number; touched: number }
}

/** Reads the shop's schema and rows. */
export async function stateOf(shop: pg.Client): Promise<MigrationState> {
  const list = async (text: string) => (await shop.query<{ name: string }>(text)).rows.map(({ name }) => name)
  const { rows } = await shop.query<{ rows: number; touched: number }>(
    `select count(*)::int as rows, (count(*) filter (where updated_at > '2025-01-01'))::int as touched from unit`,
  )
  return {
    columns: await list(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and column_name in ('state', 'reviewed_by') order by 1`,
    ),
    tables: await list(`select tablename as name from pg_tables where schemaname = 'public' order by 1`),
    indexes: await list(
      `select indexname as name from pg_indexes where schemaname = 'public' and tablename = 'review' order by 1`,
    ),
    units: rows[0]!,
  }
}

/** The shop before the migration. */
export const UNTOUCHED: MigrationState = {
  columns: [],
  tables: ['unit', 'unit_version'],
  indexes: [],
  units: { rows: 86, touched: 0 },
}

/** The shop after the migration. */
export const MIGRATED: MigrationState = {
  columns: ['unit.state', 'unit_version.reviewed_by'],
  tables: ['review', 'unit', 'unit_version'],
  indexes: ['review_at', 'review_pkey', 'review_unit', 'review_verdict'],
  units: { rows: 86, touched: 86 },
}

interface RehearsalDatabaseJson {
  runId: string
  place: string
  database: string
}

/** Lists the rehearsal databases of a home, as `rehearsal list --json` prints them. */
export async function rehearsalDatabasesOf(at: CutterHome): Promise<RehearsalDatabaseJson[]> {
  return jsonOf<RehearsalDatabaseJson[]>(await at.cutter(['rehearsal', 'list', '--json']))
}
