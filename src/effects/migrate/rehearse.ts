import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import { type Catalogue, type SchemaDifference, schemaDifference } from '../../migration/catalogue.ts'
import type { PinnedBundle } from '../../migration/lint.ts'
import { type MigrationOutcome, unexpected } from '../../migration/outcome.ts'
import type { Limits, MigrationDatabase, ServerIdentity } from '../../targets/migration-database.ts'
import type { CopyRef } from '../../targets/rehearsal-copies.ts'
import type { Sql } from '../../targets/target.ts'
import { restoreTest } from './backup.ts'
import { type CheckResult, checkWords, looking, runChecks } from './checks.ts'
import { identityWithin } from './identity.ts'
import { applyWithin, refuseFailed, runScript, scriptFailed } from './procedure.ts'
import { readCatalogue } from './read-catalogue.ts'
import { jsonOf, limitsOf, type MigrateWorld } from './world.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  profileDigest: z.string(),
  place: z.string(),
  backupDigest: z.string(),
  catalogueDigest: z.string(),
  copy: z.object({ place: z.string(), database: z.string() }),
})
const output = z.looseObject({ rehearsalDigest: z.string() })

/** What the rehearsal came to, which the migration itself must come to as well. */
export interface Rehearsal {
  place: { name: string; versionNumber: number }
  /** After the transaction, and after the statements that run alone; the same where there are none. */
  inside: MigrationOutcome
  alone: AloneOutcome[]
  total: MigrationOutcome
  preflight: CheckResult[]
  verify: CheckResult[]
  /** What rollback.sql made of it, tried in a transaction that was rolled back. */
  rollback: { schema: SchemaDifference; catalogueDigest: string; leaves: SchemaDifference }
}

export interface AloneOutcome {
  number: number
  schema: SchemaDifference
  /** The digest of each object that it adds or changes, by which a probe knows that it was done. */
  objects: { [name: string]: string }
}

/** The very calls of the migration, on the restored copy, really committed there. */
export function rehearse(world: MigrateWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'rehearse',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const bundle = await jsonOf<PinnedBundle>(context, given.bundleDigest)
      const catalogue = await jsonOf<Catalogue>(context, given.catalogueDigest)
      const { role } = await jsonOf<ServerIdentity>(context, given.identityDigest)
      // An earlier try may have ended in the midst of it: a rehearsal begins on what was restored, and on nothing else.
      const used = await world.copies.use(given.copy)
      const copy = used ? await restoredAnew(world, context, given) : given.copy
      const database = await world.copies.open(copy, role)
      context.progress(`rehearsing on ${database.name}`)
      const rehearsal = await rehearsed(() => rehearseOn(database, context, bundle, catalogue))
      const evidence = jsonEvidence('rehearsal', rehearsal)
      const { schema, rows } = rehearsal.total
      return {
        output: {
          rehearsalDigest: evidence.digest,
          copy,
          report: {
            rehearsal: {
              copy: copy.database,
              added: schema.added.length,
              removed: schema.removed.length,
              changed: schema.changed.length,
              rows: rows as unknown as Json,
              verify: checkWords(rehearsal.verify).summary,
            },
          },
        },
        evidence: [evidence],
      }
    },
  }
}

async function restoredAnew(
  world: MigrateWorld,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<CopyRef> {
  const { output: restored } = await restoreTest(world).execute(context, given)
  await world.copies.use(restored.copy)
  return restored.copy
}

async function rehearseOn(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: PinnedBundle,
  catalogue: Catalogue,
): Promise<Rehearsal> {
  const limits = limitsOf(bundle.spec)
  const { outcome, preflight } = await database.transaction(context, limits, (sql) =>
    applyWithin(sql, { bundle, catalogue, rehearsed: null }),
  )
  const { alone, last } = await runAlone(database, context, limits, bundle)
  const total =
    last === null
      ? outcome
      : { ...outcome, schema: schemaDifference(catalogue, last), catalogueDigest: last.digest }
  const wrong = unexpected(bundle.spec, total)
  if (wrong.length > 0)
    throw new Stop('STOP_RESULT_DIFFERS', `after its last statement: ${wrong.join('; ')}`, {
      data: { differences: wrong },
    })
  const verify = await database.read(context, (sql) => runChecks(sql, bundle.verify))
  refuseFailed('STOP_VERIFICATION_FAILED', 'verification', verify)
  const rollback = await tryRollback(database, context, limits, bundle, catalogue)
  const { versionNumber } = await database.read(context, identityWithin)
  return {
    place: { name: 'copy', versionNumber },
    inside: outcome,
    alone,
    total,
    preflight,
    verify,
    rollback,
  }
}

async function runAlone(
  database: MigrationDatabase,
  context: EffectContext,
  limits: Limits,
  { alone }: PinnedBundle,
) {
  const outcomes: AloneOutcome[] = []
  let last: Catalogue | null = null
  for (const { number, text } of alone) {
    const before = await database.read(context, readCatalogue)
    await database.session(context, limits, (sql) => runScript(sql, text))
    last = await database.read(context, readCatalogue)
    const schema = schemaDifference(before, last)
    const names = [...schema.added, ...schema.changed]
    const objects = Object.fromEntries(names.map((name) => [name, last!.objects[name]!.digest]))
    outcomes.push({ number, schema, objects })
  }
  return { alone: outcomes, last }
}

class TriedOut {
  readonly rollback: Rehearsal['rollback']
  constructor(rollback: Rehearsal['rollback']) {
    this.rollback = rollback
  }
}

/** The rollback must run, and what it leaves behind is in the plan; then it is taken back, so that the copy stays migrated. */
async function tryRollback(
  database: MigrationDatabase,
  context: EffectContext,
  limits: Limits,
  bundle: PinnedBundle,
  original: Catalogue,
): Promise<Rehearsal['rollback']> {
  const migrated = await database.read(context, readCatalogue)
  try {
    await database.transaction(context, limits, async (sql: Sql) => {
      await runScript(sql, bundle.rollbackScript)
      await sql.query('set constraints all immediate')
      const after = await looking(sql, () => readCatalogue(sql))
      throw new TriedOut({
        schema: schemaDifference(migrated, after),
        catalogueDigest: after.digest,
        leaves: schemaDifference(original, after),
      })
    })
  } catch (error) {
    if (error instanceof TriedOut) return error.rollback
    throw error
  }
  throw new Error('unreachable: the try-out of the rollback always throws')
}

const FAILURES = ['STOP_MIGRATION_FAILED', 'STOP_RESULT_DIFFERS', 'STOP_VERIFICATION_FAILED']

/** What the target's own run would be stopped by, met in the rehearsal. */
async function rehearsed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failed = error instanceof Stop ? error : scriptFailed(error as Error, '')
    if (failed === null || !FAILURES.includes(failed.facts.code)) throw error
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal failed: ${failed.message}; the target was not touched`,
      {
        next: 'mend the bundle and start another run; the copy stays for a look: cutter rehearsal list',
        ...(failed.facts.data === undefined ? {} : { data: failed.facts.data }),
        cause: error,
      },
    )
  }
}
