import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import type { Ask } from './ask-check.ts'
import { measureOutcome } from './measure-outcome.ts'
import { readObjectIdentities } from './recreated-objects.ts'
import { type DistinctValues, watchRows } from './row-changes.ts'

interface RanScript {
  /** Relations and schemas. */
  touched: string[]
  transactionId: string
}

/**
 * Runs a script in the current transaction and measures what it does.
 * @param given.bundle the rows that it expects are watched, and its distributions are asked
 * @param given.catalogue the catalogue right before, with the scope of `readScoped`
 * @param given.rewritten tables whose storage is replaced, as found by the rehearsal; null in the rehearsal itself
 * @param given.apart names of objects whose definitions the caller compares
 * @throws the stops of `watchRows`, of `run` and of `measureOutcome`
 */
export async function measureScript<R extends RanScript>(
  sql: Sql,
  given: {
    bundle: MigrationBundle
    catalogue: Catalogue
    readScoped(): Promise<Catalogue>
    rewritten: string[] | null
    ask: Ask
    apart: string[]
    /** Is called before the script takes its first lock. */
    beginLocking?: (() => void) | undefined
    run(): Promise<R>
  },
): Promise<R & { outcome: MigrationOutcome; values: DistinctValues }> {
  const { bundle, catalogue, readScoped, ask, apart } = given
  const identities = await readObjectIdentities(sql)
  const rows = await watchRows(sql, bundle.spec, given.rewritten)
  given.beginLocking?.()
  const ran = await given.run()
  const measured = await measureOutcome(sql, bundle, { catalogue, readScoped, identities, rows, ask, apart })
  return { ...ran, ...measured }
}
