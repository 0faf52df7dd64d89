import type pg from 'pg'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

/** A schema with an object of every kind that the catalogue reads. */
const SCHEMA = `
create role reader;
create schema app;
create type app.mood as enum ('glad');
create domain app.percent as int check (value <= 100);
create table app.unit (id int primary key, title text, mood app.mood, constraint titled check (title <> ''));
create table app.part (id serial primary key, unit_id int references app.unit) partition by range (id);
create table app.part_1 partition of app.part for values from (1) to (100);
create index part_unit on app.part (unit_id);
create view app.titles as select title from app.unit;
create materialized view app.counted as select count(*) from app.unit;
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.twice(int) returns int language sql as $$ select $1 * 2 $$;
create aggregate app.total (int) (sfunc = int4pl, stype = int, initcond = '0');
create trigger touched before update on app.unit for each row execute function app.touch();
create rule quiet as on delete to app.unit do instead nothing;
create policy own on app.unit using (id > 0);
create statistics app.both on id, title from app.unit;
create sequence app.tickets;
create table app.odd (t int, q int);
create operator app.=== (leftarg = int, rightarg = int, function = int4eq);
`

export interface CatalogueFixture {
  client: pg.Client
  stop(): Promise<void>
}

/** Starts a cluster with the schema, and a superuser's connection to it. */
export async function startCatalogueFixture(): Promise<CatalogueFixture> {
  const cluster: Cluster = await startCluster()
  const client = await connectClient(cluster.url())
  await client.query(SCHEMA)
  return {
    client,
    async stop() {
      await client.end()
      await cluster.stop()
    },
  }
}

/** Runs work in a transaction that is rolled back. */
export async function inTrial<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    return await work()
  } finally {
    await client.query('rollback')
  }
}
