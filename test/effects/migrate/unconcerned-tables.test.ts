import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findUnconcernedTables } from '../../../src/effects/migrate/unconcerned-tables.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

let cluster: Cluster
let client: pg.Client

beforeAll(async () => {
  cluster = await startCluster()
  client = await connectClient(cluster.url())
  await client.query(`create schema app; set search_path = app;
    create table land (id int primary key); create table town (id int primary key, land int references land);
    create table street (town int references town); create table alone (id int); create table "Odd; name" (id int);
    create table parted (id int) partition by range (id); create table part partition of parted for values from (1) to (9);
    create table other_part partition of parted for values from (10) to (19)`)
}, 120_000)

afterAll(async () => {
  await client.end()
  await cluster.stop()
}, 120_000)

const unconcerned = async (touches: string[], changed: string[] = []) =>
  (await findUnconcernedTables(client, { touches, schema: { added: [], removed: [], changed } })).map(
    ({ table }) => table,
  )

test.each([
  ['no table', [], ['Odd; name', 'alone', 'land', 'other_part', 'part', 'street', 'town']],
  ['a table without relations', ['app.alone'], ['Odd; name', 'land', 'other_part', 'part', 'street', 'town']],
  [
    'a table with a foreign key, over all steps',
    ['app.street'],
    ['Odd; name', 'alone', 'other_part', 'part'],
  ],
  [
    'a table to which others refer',
    ['app.land'],
    ['Odd; name', 'alone', 'other_part', 'part', 'street', 'town'],
  ],
  ['one part of a table', ['app.part'], ['Odd; name', 'alone', 'land', 'street', 'town']],
])('findUnconcernedTables keeps what belongs to %s', async (_, touches, expected) => {
  expect(await unconcerned(touches)).toEqual(expected)
})

test.each([
  'function app.f()',
  'type app.mood',
  'domain app.d',
  'collation app.c',
  'operator app.+',
  'extension citext',
  'schema app',
])('findUnconcernedTables leaves no table out where %s changed', async (changed) => {
  expect(await unconcerned(['app.alone'], ['index app.i', changed])).toEqual([])
})
