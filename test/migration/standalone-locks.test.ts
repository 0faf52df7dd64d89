import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseStatements } from '../../src/migration/sql-statements.ts'
import { standaloneLocks } from '../../src/migration/standalone-locks.ts'
import { mayRunOutsideTransaction } from '../../src/migration/statement-rules.ts'
import { connectClient } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'

const SCHEMA = `
drop schema if exists app cascade; create schema app; set search_path = app;
create table t (id int, n int); insert into t select g, g from generate_series(1, 10) g;
create index t_n on t (n);
create table ordered (id int primary key); cluster ordered using ordered_pkey;
create table parted (id int) partition by range (id);
create table part partition of parted for values from (1) to (9);
create type mood as enum ('glad');
`

/** A statement, the relation that another session holds, how, and the mode for which the statement then waits. */
const CASES: [statement: string, held: string, how: string, mode: string, on: string][] = [
  ['vacuum t', 't', 'share', 'ShareUpdateExclusiveLock', 'the table'],
  ['vacuum analyze t', 't', 'share', 'ShareUpdateExclusiveLock', 'the table'],
  ['vacuum (full false) t', 't', 'share', 'ShareUpdateExclusiveLock', 'the table'],
  ['vacuum (truncate off) t', 't', 'share', 'ShareUpdateExclusiveLock', 'the table'],
  ['vacuum', 't', 'access exclusive', 'ShareUpdateExclusiveLock', 'each table in turn'],
  ['vacuum full t', 't', 'access share', 'AccessExclusiveLock', 'the table'],
  ['vacuum (full, analyze) t', 't', 'access share', 'AccessExclusiveLock', 'the table'],
  ['vacuum full', 't', 'access share', 'AccessExclusiveLock', 'each table in turn'],
  ['cluster', 'ordered', 'access share', 'AccessExclusiveLock', 'each clustered table in turn'],
  ['cluster t using t_n', 't', 'access share', 'AccessExclusiveLock', 'the table'],
  ['reindex table t', 't', 'access exclusive', 'ShareLock', 'the table'],
  ['reindex index t_n', 't_n', 'access share', 'AccessExclusiveLock', 'the index that is built'],
  ['reindex schema app', 't', 'access exclusive', 'ShareLock', 'each table in turn'],
  ['reindex schema app', 't_n', 'access share', 'AccessExclusiveLock', 'the index that is built'],
  ['reindex table concurrently t', 't', 'access exclusive', 'ShareUpdateExclusiveLock', 'the table'],
  ['reindex (concurrently) index t_n', 't', 'access exclusive', 'ShareUpdateExclusiveLock', 'the table'],
  [
    'reindex schema concurrently app',
    't',
    'access exclusive',
    'ShareUpdateExclusiveLock',
    'each table in turn',
  ],
  ['create index concurrently on t (id)', 't', 'access exclusive', 'ShareUpdateExclusiveLock', 'the table'],
  [
    'create unique index concurrently on t (id)',
    't',
    'access exclusive',
    'ShareUpdateExclusiveLock',
    'the table',
  ],
  [
    'drop index concurrently t_n',
    't',
    'access exclusive',
    'ShareUpdateExclusiveLock',
    'the table of the index',
  ],
  [
    'alter table parted detach partition part concurrently',
    'parted',
    'access exclusive',
    'ShareUpdateExclusiveLock',
    'the partitioned table',
  ],
  [
    'alter table parted detach partition part concurrently',
    'part',
    'access share',
    'AccessExclusiveLock',
    'the partition, at the end',
  ],
]

let cluster: Cluster
let holder: pg.Client
let runner: pg.Client
let watcher: pg.Client

beforeAll(async () => {
  cluster = await startCluster()
  holder = await connectClient(cluster.url())
  runner = await connectClient(cluster.url())
  watcher = await connectClient(cluster.url())
}, 120_000)

afterAll(async () => {
  await Promise.all([holder, runner, watcher].map((client) => client.end()))
  await cluster.stop()
}, 120_000)

async function parsed(text: string) {
  const found = await parseStatements('migration.sql', text)
  if ('fault' in found) throw new Error(found.fault.message)
  return found.statements[0]!
}

/** Runs a statement while another session holds a relation, and returns the mode for which it waits there. */
async function modeOf(statement: string, relation: string, how: string): Promise<string | undefined> {
  await watcher.query(SCHEMA)
  await runner.query('set search_path = app')
  const { rows } = await runner.query<{ pid: number }>('select pg_backend_pid() as pid')
  await holder.query('begin; set search_path = app')
  // An index is locked by a scan.
  if (relation === 't_n') await holder.query('set enable_seqscan = off; select from t where n = 3')
  else await holder.query(`lock table ${relation} in ${how} mode`)
  const done = runner.query(statement)
  try {
    for (let tries = 0; tries < 400; tries += 1) {
      const { rows: waiting } = await watcher.query<{ mode: string }>(
        `select mode from pg_locks where pid = $1 and not granted and relation = 'app.${relation}'::regclass::oid`,
        [rows[0]!.pid],
      )
      if (waiting[0] !== undefined) return waiting[0].mode
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    return undefined
  } finally {
    await holder.query('rollback')
    await done
  }
}

describe('standaloneLocks', { timeout: 60_000 }, () => {
  test.each(CASES)('%s, where %s is held in %s mode, waits for %s', async (text, relation, how, mode, on) => {
    const statement = await parsed(text)
    expect(mayRunOutsideTransaction(statement)).toBe(true)
    expect(standaloneLocks(statement)).toContainEqual({ mode, on })
    expect(await modeOf(text, relation, how)).toBe(mode)
  })

  test('alter type … add value locks no table', async () => {
    const statement = await parsed(`alter type app.mood add value 'sad'`)
    expect(mayRunOutsideTransaction(statement)).toBe(true)
    expect(standaloneLocks(statement)).toEqual([])
    await watcher.query(SCHEMA)
    await holder.query('begin; lock table app.t, app.ordered, app.parted in access exclusive mode')
    await runner.query(`alter type app.mood add value 'sad'`)
    await holder.query('rollback')
  })

  test('vacuum names the moment in which it needs the table alone, unless it gives nothing back', async () => {
    const modes = async (text: string) => standaloneLocks(await parsed(text)).map(({ mode }) => mode)
    expect(await modes('vacuum t')).toEqual(['ShareUpdateExclusiveLock', 'AccessExclusiveLock'])
    expect(await modes('vacuum (truncate off) t')).toEqual(['ShareUpdateExclusiveLock'])
  })
})
