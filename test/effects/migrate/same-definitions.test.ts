import type pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Definition,
  readCatalogue,
  readDefinitions,
} from '../../../src/effects/migrate/read-catalogue.ts'
import { type DefinitionPair, findSameDefinitions } from '../../../src/effects/migrate/same-definitions.ts'
import { differentObjects } from '../../../src/migration/catalogue.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, type Major, serverOf, startCluster } from '../../support/pg-cluster.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { CONTEXT, restoreShop } from './restored-fixture.ts'
import { BASE, mutated, SHAPES } from './unstable-shapes.ts'

/** Definitions of one database, and those of another that was made from what the server wrote of the first, as a restore does. */

const MAJORS: Major[] = [15, 16, 17, 18]
const missing = MAJORS.filter((major) => serverOf(major) === null)
for (const major of missing)
  console.info(`skipped: definitions of PostgreSQL ${major}: npm has none for this platform`)

describe.for(MAJORS.filter((major) => !missing.includes(major)))('on PostgreSQL %s', (major) => {
  let cluster: Cluster | undefined
  afterAll(() => cluster?.stop())

  test('findSameDefinitions knows definitions that were written and parsed again, and tells others apart', async () => {
    cluster = await startCluster(serverOf(major))
    const maker = await connectClient(cluster.url())
    await maker.query('create database source')
    await maker.query('create database copy')
    await maker.end()
    const [source, copy] = await Promise.all([cluster.url('source'), cluster.url('copy')].map(connectClient))
    await source!.query(BASE)
    await copy!.query(BASE)
    for (const { sql } of SHAPES) await source!.query(sql)
    const names = SHAPES.map(({ name }) => name)
    const open = (name: string): MigrationDatabase =>
      openMigrationDatabase({ name, role: 'postgres', url: () => cluster!.url(name) })
    const written = await definitionsOf(open('source'), names)
    expect(written.size).toBe(names.length)
    for (const { name, again } of SHAPES) await make(copy!, name, again(written.get(name)!.facts as never))
    const restored = await definitionsOf(open('copy'), names)
    const unstable = names.filter((name) => written.get(name)!.digest !== restored.get(name)!.digest)
    expect(names.length).toBeGreaterThan(60)
    expect(unstable.length).toBeGreaterThan(25)
    const pairs = (other: (restored: Definition) => Definition) =>
      names.map((name): [Definition, Definition] => [written.get(name)!, other(restored.get(name)!)])
    const find = (other: (restored: Definition) => Definition) =>
      findSameDefinitions(open('copy'), CONTEXT, pairs(other))
    // With another digest those are parsed as well whose text did not change.
    expect(await find((one) => ({ ...one, digest: 'another' }))).toEqual(names)
    expect(await find(mutated)).toEqual([])
    await Promise.all([source!.end(), copy!.end()])
  })
})

async function make(client: pg.Client, name: string, sql: string): Promise<void> {
  await client.query(sql).catch((error: Error) => {
    throw new Error(`${name}: ${error.message}: ${sql}`)
  })
}

/** PostgreSQL 15 is the version of the fixture's servers. */
const noDump = skipWithoutPgDump('a dump and restore of unstable definitions')

test.skipIf(noDump !== null)(
  'findSameDefinitions knows the definitions of a database that pg_dump and pg_restore copied',
  async () => {
    const shop = await restoreShop({
      prepare: async (_, connect) => {
        const client = await connect()
        await client.query(BASE)
        for (const { sql } of SHAPES) await client.query(sql)
      },
    })
    const { source, restored, copy } = shop
    const different = differentObjects(source.catalogue, restored.catalogue)
    expect(different.length).toBeGreaterThan(25)
    const definitions = [await definitionsOf(shop.target, different), await definitionsOf(copy, different)]
    const pairs = different.map((name) => definitions.map((of) => of.get(name)!) as DefinitionPair)
    expect(await findSameDefinitions(copy, CONTEXT, pairs)).toEqual(different)
    await shop.stop()
  },
)

for (const major of [16, 17, 18])
  console.info(`skipped: a dump of PostgreSQL ${major}: Debian has pg_dump 15`)

const definitionsOf = (database: MigrationDatabase, names: string[]) =>
  database.read(CONTEXT, async (sql) => {
    await readCatalogue(sql)
    return new Map((await readDefinitions(sql, names)).map((one) => [one.name, one]))
  })
