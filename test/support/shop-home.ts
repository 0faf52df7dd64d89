import type pg from 'pg'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from './cli.ts'
import { aSigner, enableExecution, LIVE } from './cli-steps.ts'
import { connectClient } from './connections.ts'
import {
  type BundleParts,
  migrate,
  type Production,
  startProduction,
  writeMigrationBundle,
} from './shop-migration.ts'

/** A home that may migrate the shops of a production server live. */
export interface ShopHome {
  at: CutterHome
  /** The private key of an approver. */
  key: string
  production: Production
  /** Creates a shop and makes it the target `shop`. */
  createShop(): Promise<{ name: string; shop: pg.Client }>
  /** Starts a live migration of the target, with a bundle that differs in some parts. */
  startMigration(parts?: BundleParts, ...more: string[]): Promise<RunJson>
  /** Opens another session of the migrating role in the target. The test closes it. */
  connectToShop(): Promise<pg.Client>
  stop(): Promise<void>
}

/** @param prefix of the names of its shops, which the production server's statistics show */
export async function startShopHome(prefix = 'shop'): Promise<ShopHome> {
  const at = aCutterHome(`${LIVE}\ntargets:\n  shop: { migratorUrlEnv: SHOP_URL }\n`)
  const key = aSigner(at, undefined, 'cutter.migrate.*')
  const production = await startProduction()
  await enableExecution(at)
  await at.server()
  let shops = 0
  return {
    at,
    key,
    production,
    async createShop() {
      shops += 1
      const name = `${prefix}_${shops}`
      const shop = await production.shop(name)
      at.env.SHOP_URL = production.migratorUrl(name)
      return { name, shop }
    },
    startMigration: async (parts = {}, ...more) =>
      jsonOf(await migrate(at, writeMigrationBundle(at, 'units-review', parts), '--mode', 'live', ...more)),
    connectToShop: () => connectClient(at.env.SHOP_URL!),
    async stop() {
      await at.remove()
      await production.stop()
    },
  }
}

/** Creates objects in a shop's database that do not concern the migration. */
export const changeElsewhere = (shop: pg.Client) =>
  shop.query(`create schema etl authorization shop_owner; set role shop_owner; create table etl.staging (id int);
    create index on etl.staging (id); create view etl.ids as select id from etl.staging; reset role`)
