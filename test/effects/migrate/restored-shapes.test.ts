import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents } from '../../../src/effects/migrate/database-contents.ts'
import { readDefinitions } from '../../../src/effects/migrate/read-catalogue.ts'
import { type DefinitionPair, findSameDefinitions } from '../../../src/effects/migrate/same-definitions.ts'
import { findSameRows } from '../../../src/effects/migrate/same-rows.ts'
import type { Backup } from '../../../src/effects/migrate/take-backup.ts'
import { compareSchemas, onlyIn } from '../../../src/migration/catalogue.ts'
import { skipWithoutPgDump } from '../../support/shop-migration.ts'
import { CONTEXT, type RestoredFixture, restoreShop } from './restored-fixture.ts'
import { RESTORED_SHAPES } from './restored-shapes.ts'

const skipped = skipWithoutPgDump('restores objects of many shapes')

describe.skipIf(skipped !== null).each([1, 2])(
  'a database restored by %s processes',
  { timeout: 300_000 },
  (jobs) => {
    let shop: RestoredFixture
    beforeAll(async () => {
      shop = await restoreShop({
        jobs,
        login: 'shop_owner',
        async prepare(maker, connect) {
          await maker.query(
            'create role shop_owner login; create role shop_reader; alter database shop owner to shop_owner',
          )
          const client = await connect()
          await client.query('grant all on schema public to shop_owner; set role shop_owner')
          await client.query(
            'create function touched() returns trigger language plpgsql as $$ begin return new; end $$',
          )
          for (const [what, sql] of Object.entries(RESTORED_SHAPES))
            await client.query(sql).catch((error: Error) => {
              throw new Error(`${what}: ${error.message}`)
            })
        },
      })
    }, 300_000)
    afterAll(async () => shop?.stop(), 120_000)

    test('has the same definitions', async () => {
      const { source, restored, copy, target } = shop
      const { changed, ...others } = compareSchemas(source.catalogue, restored.catalogue)
      const read = (database: typeof copy) => database.read(CONTEXT, (sql) => readDefinitions(sql, changed))
      const [written, found] = [await read(target), await read(copy)]
      const pairs = written.map((one): DefinitionPair => [one, found.find(({ name }) => name === one.name)!])
      const same = await findSameDefinitions(copy, CONTEXT, pairs)
      const left = onlyIn(changed, same)
      expect({ ...others, changed: left }).toEqual({ added: [], removed: [], changed: [] })
    })

    test('has the same rows', async () => {
      const { source, restored, copy, dumps, dump } = shop
      const backup = { dump, contents: source.contents } as Backup
      const same = await findSameRows({ dumps }, CONTEXT, { backup, restored: copy }, restored.contents)
      expect(compareContents(source.contents, restored.contents, same)).toEqual([])
    })
  },
)
