import type pg from 'pg'
import { expect } from 'vitest'
import { type Json, sha256 } from '../../../src/domain/json.ts'
import {
  type AppliedMigration,
  applyInTransaction,
} from '../../../src/effects/migrate/apply-in-transaction.ts'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import { findSameDefinitions } from '../../../src/effects/migrate/same-definitions.ts'
import { readSharedObjects } from '../../../src/effects/migrate/shared-objects.ts'
import type { Catalogue } from '../../../src/migration/catalogue.ts'
import { lintMigrationBundle } from '../../../src/migration/lint-migration-bundle.ts'
import type { MigrationBundle } from '../../../src/migration/migration-bundle.ts'
import { scaffoldMigrationBundle } from '../../../src/migration/scaffold-migration-bundle.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { startCluster } from '../../support/pg-cluster.ts'
import { CONTEXT } from './restored-fixture.ts'

const SHOP = `
create role owner login;
create schema app authorization owner;
create schema other authorization owner;
set role owner;
create table app.unit (id int primary key, title text not null, size int);
create table app.part (id int generated always as identity primary key, unit_id int references app.unit);
create table other.seen (id int primary key);
insert into app.unit select n, 'Unit ' || n, n from generate_series(1, 10) n;
insert into app.part (unit_id) select n from generate_series(1, 5) n;
insert into other.seen values (1);
select lo_create(77);
create function app.noted() returns trigger language plpgsql as $$ begin insert into other.seen values (new.id + 100); return null; end $$;
reset role;
`

/** A cluster on which scripts are applied in transactions that are rolled back. */
export interface TrialFixture {
  /** The shop, as its owner. */
  shop: MigrationDatabase
  /** Recreates the shop, and returns a superuser's connection to it. */
  recreate(): Promise<pg.Client>
  stop(): Promise<void>
}

/** @param programs the folder of a server's programs; by default those of npm */
export async function startTrialFixture(programs?: string): Promise<TrialFixture> {
  const cluster = await startCluster(programs)
  const maker = await connectClient(cluster.url())
  let client: pg.Client | null = null
  return {
    shop: openMigrationDatabase({
      name: 'target shop',
      role: 'owner',
      url: () => cluster.url('shop', 'owner'),
    }),
    async recreate() {
      await client?.end()
      await maker.query('drop database if exists shop with (force)')
      await maker.query('drop role if exists owner')
      await maker.query('create database shop')
      await maker.query(
        'alter database shop set search_path = app, public; alter database shop set standard_conforming_strings = off',
      )
      client = await connectClient(cluster.url('shop'))
      await client.query(SHOP)
      return client
    },
    async stop() {
      await client?.end()
      await maker.end()
      await cluster.stop()
    },
  }
}

export const LIMITS = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000 }
export const CALLER = { runId: 'mig-1', signal: new AbortController().signal }

/** What a bundle expects of its script. */
export interface Expected {
  schema?: object
  rows?: object
}

/** Makes a bundle of a script. Its verification expects ten units. */
export async function bundleOf(
  migration: string,
  { schema = {}, rows = {} }: Expected = {},
): Promise<MigrationBundle> {
  const files = scaffoldMigrationBundle('a')
  const spec = {
    name: 'a',
    migration: { file: 'migration.sql', sha256: sha256(migration) },
    preflight: 'preflight.sql',
    verify: 'verify.sql',
    rollback: 'rollback.sql',
    expect: { schema, rows },
    lockTimeoutSeconds: 2,
    statementTimeoutSeconds: 10,
  }
  const { faults, bundle } = await lintMigrationBundle({
    ...files,
    'migration.sql': migration,
    'preflight.sql': "select 'a' as name, true as ok",
    'verify.sql': "select 'ten' as name, count(*) as value, 10 as expected from unit",
    'bundle.yaml': JSON.stringify(spec),
  })
  expect(faults).toEqual([])
  return bundle!
}

class TrialResult {
  readonly applied: AppliedMigration
  constructor(applied: AppliedMigration) {
    this.applied = applied
  }
}

/** What a rehearsal found, with which the outcome is compared. */
type Rehearsed = {
  inside: AppliedMigration['outcome']
  touches: string[]
  apart?: { [name: string]: Json }
} | null

/** Applies a script in a transaction that is rolled back; without `rehearsed`, as a rehearsal does. */
export async function tryScript(
  shop: MigrationDatabase,
  migration: string,
  expected: Expected = {},
  rehearsed: Rehearsed = null,
  catalogue?: Catalogue,
  apart: string[] = [],
): Promise<AppliedMigration> {
  const bundle = await bundleOf(migration, expected)
  const before = catalogue ?? (await shop.read(CALLER, readCatalogue))
  try {
    await shop.transaction(CALLER, LIMITS, async (sql) => {
      throw new TrialResult(
        await applyInTransaction(sql, {
          bundle,
          catalogue: before,
          rehearsed,
          apart,
          findSame: (pairs) => findSameDefinitions(shop, CONTEXT, pairs),
          readCommitted: () => shop.read(CALLER, readSharedObjects),
        }),
      )
    })
  } catch (error) {
    if (error instanceof TrialResult) return error.applied
    throw error
  }
  throw new Error('unreachable')
}
