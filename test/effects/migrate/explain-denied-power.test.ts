import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Stop } from '../../../src/domain/errors.ts'
import { inDiscardedTransaction } from '../../../src/effects/migrate/discarded-transaction.ts'
import { explainDenied } from '../../../src/effects/migrate/explain-denied.ts'
import { explainDeniedPower } from '../../../src/effects/migrate/explain-denied-power.ts'
import { runScript } from '../../../src/effects/migrate/run-script.ts'
import type { MigrationBundle } from '../../../src/migration/migration-bundle.ts'
import type { MigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { CONTEXT, LIMITS, REF, type RestoredFixture, restoreShop } from './restored-fixture.ts'

/** Statements for which a superuser of the target lacks the power on the copy, each tried on both. */

const skipped = skipWithoutPgDump('statements that need power which no copy gives')

const OBJECTS = [
  "create extension pg_stat_statements version '1.8'",
  "create extension amcheck version '1.2'",
  "create extension citext version '1.5'",
  'create table unit (id int primary key, s text)',
  'create function fired() returns event_trigger language plpgsql as $$ begin end $$',
  'create event trigger watching on ddl_command_end execute function fired()',
  'create publication everything for all tables',
  'create type pair as (a int, b int)',
  'create function fn(int) returns int language sql as $$ select $1 $$',
]

const DENIED = /can’t be rehearsed: it needs a power that postgres has on the target .*\(42501, line 2\): /s
const LACKS =
  /can’t be rehearsed: the copy lacks (?:event trigger watching|publication everything), .* does not exist/s
const EXTENSIONS =
  /run this statement on the target by hand, .* its copy has the extensions of the target, in their versions$/
const BY_HAND = /run this statement on the target by hand, .* the plan names what the copy does without$/
const accepted = (name: string) => new RegExp(`by hand, .*\\(deviations: \\[extension ${name}\\]\\)$`)

const TABLE: [statement: string, message: RegExp, next: RegExp][] = [
  ['alter extension pg_stat_statements update', DENIED, EXTENSIONS],
  ["alter extension amcheck update to '1.3'", DENIED, EXTENSIONS],
  ['alter extension amcheck set schema public', DENIED, EXTENSIONS],
  ['alter extension amcheck add table unit', DENIED, EXTENSIONS],
  ['drop extension amcheck', DENIED, EXTENSIONS],
  ["comment on extension amcheck is 'checks'", DENIED, EXTENSIONS],
  ['create extension pageinspect', DENIED, EXTENSIONS],
  ['create extension dblink', DENIED, accepted('dblink')],
  ['create extension postgres_fdw', DENIED, accepted('postgres_fdw')],
  ['create language other handler plpgsql_call_handler', DENIED, BY_HAND],
  ["comment on language plpgsql is 'ours'", DENIED, BY_HAND],
  ['create cast (varchar as bytea) without function', DENIED, BY_HAND],
  ['create event trigger another on ddl_command_end execute function fired()', DENIED, BY_HAND],
  ['drop event trigger watching', LACKS, BY_HAND],
  ['alter event trigger watching disable', LACKS, BY_HAND],
  ['create publication another for all tables', DENIED, BY_HAND],
  ['create publication another for tables in schema public', DENIED, BY_HAND],
  ['drop publication everything', LACKS, BY_HAND],
  ["alter publication everything set (publish = 'insert')", LACKS, BY_HAND],
  ['create foreign data wrapper another', DENIED, BY_HAND],
  ['grant set on parameter log_min_messages to public', DENIED, BY_HAND],
  ['alter function fn(int) leakproof', DENIED, BY_HAND],
  ["create function i(int) returns int language internal as 'int4abs'", DENIED, BY_HAND],
  ['create operator family family using btree', DENIED, BY_HAND],
  ['create access method another type index handler bthandler', DENIED, BY_HAND],
  ['create type base', DENIED, BY_HAND],
  ['create text search template another (lexize = dsimple_lexize)', DENIED, BY_HAND],
  ['update pg_catalog.pg_class set reltuples = 1 where false', DENIED, BY_HAND],
  ['do $$ begin perform pg_catalog.pg_reload_conf(); end $$', DENIED, BY_HAND],
  ['set session_replication_role = replica', DENIED, /^write the script without this setting/],
  ['set log_min_messages = error', DENIED, /^write the script without this setting/],
]

const bundleOf = (text: string) =>
  ({
    spec: { migration: { file: 'migration.sql' }, rollback: 'rollback.sql' },
    texts: { 'migration.sql': text, 'rollback.sql': text },
  }) as unknown as MigrationBundle

describe.skipIf(skipped !== null)('a rehearsal', { timeout: 120_000 }, () => {
  let fixture: RestoredFixture
  let copy: MigrationDatabase

  beforeAll(async () => {
    fixture = await restoreShop({
      async prepare(_, connect) {
        const shop = await connect()
        for (const one of OBJECTS) await shop.query(one)
      },
    })
    copy = await fixture.databases.open(REF, 'postgres')
  }, 300_000)
  afterAll(() => fixture?.stop(), 120_000)

  const run = (database: MigrationDatabase, text: string, what: 'script' | 'rollback' = 'script') =>
    inDiscardedTransaction(database, CONTEXT, LIMITS, (sql) => runScript(sql, text, what))

  const rehearse = (text: string, what?: 'rollback', profile = fixture.profile) =>
    explainDenied(
      {
        ...{ database: copy, context: CONTEXT, bundle: bundleOf(text), source: fixture.source.catalogue },
        ...{ place: 'embedded', role: 'postgres', profile },
      },
      () => run(copy, text, what),
    )

  test.each(TABLE)('names %s, which the target runs, and what helps', async (statement, message, next) => {
    const text = `select 1;\n${statement};\nselect 2;\n`
    await run(fixture.target, text)
    const stop = await rehearse(text).then(
      () => expect.fail('the copy ran it'),
      (error: Stop) => error,
    )
    expect(stop).toBeInstanceOf(Stop)
    expect(stop.facts.code).toBe('STOP_REHEARSAL_NOT_REPRESENTATIVE')
    expect(stop.message).toMatch(/^statement 2 of migration\.sql \(line 2, [A-Z]/)
    expect(stop.message).toMatch(message)
    expect(stop.facts.next).toMatch(next)
  })

  test.each([
    'alter extension citext update',
    'drop extension citext',
    'create extension pg_trgm',
    'create extension if not exists amcheck',
    'create publication of_unit for table unit',
    'alter table unit add column t text',
  ])('runs %s on a copy as on the target', async (statement) => {
    await run(fixture.target, statement)
    await rehearse(statement)
  })

  test('says of a rollback that somebody runs the statement by hand after it', async () => {
    await expect(rehearse('select 1;\ndrop extension amcheck', 'rollback')).rejects.toMatchObject({
      message: expect.stringMatching(/^statement 2 of rollback\.sql \(line 2, DROP\) can’t be rehearsed/),
      facts: { next: expect.stringContaining('who runs it by hand after a rollback') },
    })
  })

  test('leaves a privilege that the role lacks on the target too, and an object that is nowhere', async () => {
    const roles = fixture.profile.roles.map((role) => ({ ...role, superuser: false }))
    const plain = { ...fixture.profile, roles, extensions: [] }
    await expect(rehearse('drop extension amcheck', undefined, plain)).rejects.toMatchObject({
      facts: { code: 'STOP_MIGRATION_FAILED' },
    })
    await expect(rehearse('drop table nowhere')).rejects.toMatchObject({
      facts: { code: 'STOP_MIGRATION_FAILED', data: { line: 1 } },
    })
  })
})

const role = (name: string, ...memberOf: string[]) => ({
  ...{ name, memberOf },
  ...{ superuser: false, createRole: false, createDatabase: false, bypassRls: false },
})

describe('explainDeniedPower', () => {
  test.each([
    ['a superuser', [{ ...role('migrator'), superuser: true }], true],
    ['a member of a superuser', [role('migrator', 'chief'), { ...role('chief'), superuser: true }], true],
    ['a member of the provider’s administrators', [role('migrator', 'rds_superuser')], true],
    ['a member of a role of files', [role('migrator', 'pg_read_server_files')], true],
    ['the owner of an extension', [role('owner'), role('migrator', 'owner')], true],
    [
      'a member of what a copy grants too',
      [role('migrator', 'pg_write_all_data', 'team'), role('team', 'migrator')],
      false,
    ],
    ['anybody else', [role('migrator')], false],
  ])('counts %s as far as it may have the power', async (_, roles, counts) => {
    const extensions = [
      { name: 'amcheck', version: '1.2', owner: 'owner', schema: 'public', schemaOwner: 'owner' },
    ]
    const denied = new Stop('STOP_MIGRATION_FAILED', 'must be owner', {
      data: { sqlState: '42501', line: 1, of: 'script' },
    })
    const work = explainDeniedPower(
      {
        ...{ bundle: bundleOf('drop extension amcheck'), role: 'migrator', profile: { roles, extensions } },
        findLacking: async () => [],
      },
      () => Promise.reject(denied),
    )
    const code = counts ? 'STOP_REHEARSAL_NOT_REPRESENTATIVE' : 'STOP_MIGRATION_FAILED'
    await expect(work).rejects.toMatchObject({ facts: { code } })
  })
})
