import type pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump, stateOf, writeMigrationBundle } from '../support/shop-migration.ts'
import { type Story, testEveryCall } from './every-call.ts'
import { storyOfRuns } from './run-story.ts'

/** The migration, killed at any call of any of its commands: writes to the target and its rehearsal database are writes to a socket. */

const skipped = skipWithoutPgDump('migrations, killed at calls to the system')

describe.skipIf(skipped !== null).each(['dry-run', 'live'] as const)('a %s of the migration', (mode) => {
  let home: ShopHome
  let story: Story
  let close: () => Promise<void>
  const shops = new Map<string, { url: string; shop: pg.Client }>()
  beforeAll(async () => {
    home = await startShopHome('called')
    const { at, key } = home
    const bundle = writeMigrationBundle(at)
    const made = await storyOfRuns({
      name: `migrate, ${mode}`,
      at,
      mode,
      key,
      startArgs: () => ['migrate', '--bundle', bundle, '--target', 'shop'],
      world: (piece) => stateOf(shops.get(piece)!.shop),
    })
    story = made.story
    close = made.close
  }, 300_000)
  afterAll(async () => {
    await close?.()
    await home?.stop()
  }, 300_000)
  testEveryCall({
    name: `migrate, ${mode}`,
    points: 1,
    at: () => home.at,
    async next(piece) {
      // Each piece has a database of its own.
      const known = shops.get(piece)
      if (known === undefined) {
        const { shop } = await home.createShop()
        shops.set(piece, { url: home.at.env.SHOP_URL!, shop })
      } else home.at.env.SHOP_URL = known.url
      return story.next(piece)
    },
    result: (piece) => story.result(piece),
  })
})
