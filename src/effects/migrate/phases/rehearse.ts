import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import {
  type Catalogue,
  compareSchemas,
  digestMadeDefinitions,
  type SchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import {
  compareMovedSequences,
  findUnexpectedChanges,
  type MigrationOutcome,
} from '../../../migration/migration-outcome.ts'
import type {
  MigrationDatabase,
  MigrationLimits,
  ServerIdentity,
} from '../../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef } from '../../../targets/postgres/rehearsal-databases.ts'
import type { Sql } from '../../../targets/target.ts'
import { applyInTransaction, assertChecksPass } from '../apply-in-transaction.ts'
import { readSequenceValues, type SequenceValues } from '../database-contents.ts'
import { limitsOf, type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { type CheckResult, describeChecks, readAtSavepoint, runChecks } from '../migration-checks.ts'
import { readCatalogue } from '../read-catalogue.ts'
import { runGuarded } from '../run-guarded.ts'
import { findScriptError, runScript } from '../run-script.ts'
import { readServerIdentity } from '../server-identity.ts'
import { restoreTest } from './backup.ts'

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
const output = z.looseObject({ rehearsalDigest: z.string(), rehearsedDigest: z.string() })

/** What the rehearsal came to, which the migration itself must come to as well. */
export interface RehearsalResult {
  place: { name: string; versionNumber: number }
  /** After the transaction, and after the statements that run alone; the same where there are none. */
  inside: MigrationOutcome
  alone: StandaloneOutcome[]
  total: MigrationOutcome
  /** Relations and schemas that migration and rollback touch: what changes elsewhere in the database is not their concern. */
  touches: string[]
  preflight: CheckResult[]
  verify: CheckResult[]
  /** What rollback.sql made of it, tried in a transaction that was rolled back. */
  rollback: TriedRollback
}

interface TriedRollback {
  schema: SchemaDifference
  /** What is unlike before the migration when both have run. */
  leaves: SchemaDifference
  /** Of the catalogue after it, as far as it is touched. */
  catalogueDigest: string
}

export interface StandaloneOutcome {
  number: number
  schema: SchemaDifference
  /** The digest of each object that it adds or changes, by which a probe knows that it was done. */
  objects: { [name: string]: string }
}

/** The very calls of the migration, on the restored copy, really committed there. */
export function rehearse(world: MigrateDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'rehearse',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const { role } = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      // An earlier try may have ended in the midst of it: a rehearsal begins on what was restored, and on nothing else.
      const used = await world.copies.use(given.copy)
      const copy = used ? await restoredAnew(world, context, given) : given.copy
      const database = await world.copies.open(copy, role)
      context.progress(`rehearsing on ${database.name}`)
      const { rehearsal, after } = await rehearsed(() => rehearseOn(database, context, bundle, catalogue))
      const evidence = jsonEvidence('rehearsal', rehearsal)
      const copied = jsonEvidence('catalogue/rehearsed', after)
      const { schema, rows } = rehearsal.total
      return {
        output: {
          rehearsalDigest: evidence.digest,
          rehearsedDigest: copied.digest,
          copy,
          report: {
            rehearsal: {
              copy: copy.database,
              added: schema.added.length,
              removed: schema.removed.length,
              changed: schema.changed.length,
              rows: rows as unknown as Json,
              verify: describeChecks(rehearsal.verify).summary,
            },
          },
        },
        evidence: [evidence, copied],
      }
    },
  }
}

async function restoredAnew(
  world: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<RehearsalDatabaseRef> {
  const { output: restored } = await restoreTest(world).execute(context, given)
  await world.copies.use(restored.copy)
  return restored.copy
}

async function rehearseOn(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: MigrationBundle,
  catalogue: Catalogue,
): Promise<{ rehearsal: RehearsalResult; after: Catalogue }> {
  const limits = limitsOf(bundle.spec)
  const sequences = await database.read(context, readSequenceValues)
  const { outcome, preflight, touched } = await database.transaction(context, limits, (sql) =>
    applyInTransaction(sql, { bundle, catalogue, rehearsed: null }),
  )
  const alone = await runAlone(database, context, limits, bundle)
  const after = await database.read(context, readCatalogue)
  const total = alone.length === 0 ? outcome : totalOf(outcome, catalogue, after)
  const moved = movedSequences(sequences, await database.read(context, readSequenceValues), catalogue, total)
  const wrong = [
    ...findUnexpectedChanges(bundle.spec, total),
    ...compareMovedSequences(bundle.spec.expect.sequences, moved),
  ]
  if (wrong.length > 0)
    throw new Stop('STOP_RESULT_DIFFERS', `after its last statement: ${wrong.join('; ')}`, {
      data: { differences: wrong },
    })
  const verify = await database.read(context, (sql) => runChecks(sql, bundle.verify))
  assertChecksPass('STOP_VERIFICATION_FAILED', 'verification', verify)
  const tried = await tryRollback(database, context, limits, bundle)
  const differing = [compareSchemas(catalogue, after), compareSchemas(after, tried.after)]
  const touches = [
    ...new Set([
      ...touched,
      ...tried.touched,
      ...differing.flatMap((one) => subjectsOf(one, [catalogue, after, tried.after])),
    ]),
  ].sort()
  const { versionNumber } = await database.read(context, readServerIdentity)
  const rehearsal = {
    place: { name: 'copy', versionNumber },
    inside: outcome,
    alone,
    total,
    touches,
    preflight,
    verify,
    rollback: {
      schema: differing[1]!,
      leaves: compareSchemas(catalogue, tried.after),
      catalogueDigest: scopeCatalogue(touches, tried.after).digest,
    },
  }
  return { rehearsal, after }
}

/** Those that stand elsewhere now, and not by rows that went into the table whose column they are of. */
function movedSequences(
  before: SequenceValues,
  after: SequenceValues,
  { objects }: Catalogue,
  { rows }: MigrationOutcome,
) {
  return Object.keys(before).filter((name) => {
    const owner = objects[`sequence ${name}`]?.about ?? name
    return after[name] !== undefined && after[name] !== before[name] && (rows[owner]?.inserted ?? 0) === 0
  })
}

/** With the statements that ran alone. What the transaction made anew under its old name stays so. */
function totalOf(inside: MigrationOutcome, before: Catalogue, after: Catalogue): MigrationOutcome {
  const schema = compareSchemas(before, after)
  const anew = inside.schema.changed.filter((name) => after.objects[name] !== undefined)
  return {
    ...inside,
    schema: { ...schema, changed: [...new Set([...schema.changed, ...anew])].sort() },
    madeDigest: digestMadeDefinitions(before, after),
  }
}

/** The relations and schemas of what differs: a GRANT locks nothing, and a statement alone has let its locks go. */
const subjectsOf = ({ added, removed, changed }: SchemaDifference, catalogues: Catalogue[]) =>
  [...added, ...removed, ...changed].flatMap((name) =>
    catalogues.flatMap(({ objects }) => objects[name]?.about ?? []),
  )

async function runAlone(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  { alone }: MigrationBundle,
): Promise<StandaloneOutcome[]> {
  const outcomes: StandaloneOutcome[] = []
  for (const { number, text } of alone) {
    const before = await database.read(context, readCatalogue)
    await database.session(context, limits, (sql) => runScript(sql, text))
    const after = await database.read(context, readCatalogue)
    const schema = compareSchemas(before, after)
    const names = [...schema.added, ...schema.changed]
    const objects = Object.fromEntries(names.map((name) => [name, after.objects[name]!.digest]))
    outcomes.push({ number, schema, objects })
  }
  return outcomes
}

class TriedOut {
  readonly after: Catalogue
  readonly touched: string[]
  constructor(after: Catalogue, touched: string[]) {
    this.after = after
    this.touched = touched
  }
}

/** The rollback must run, and what it leaves behind is in the plan; then it is taken back, so that the copy stays migrated. */
async function tryRollback(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  bundle: MigrationBundle,
): Promise<TriedOut> {
  try {
    await database.transaction(context, limits, async (sql: Sql) => {
      const { touched } = await runGuarded(sql, bundle.rollbackScript, 'rollback')
      throw new TriedOut(await readAtSavepoint(sql, () => readCatalogue(sql)), touched)
    })
  } catch (error) {
    if (error instanceof TriedOut) return error
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
    const failed = error instanceof Stop ? error : findScriptError(error as Error, '')
    if (failed === null || !FAILURES.includes(failed.facts.code)) throw error
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal failed: ${failed.message}; the target was not touched`,
      {
        next: `${failed.facts.next ?? 'mend the bundle and start another run'}; the copy stays for a look: cutter rehearsal list`,
        ...(failed.facts.data === undefined ? {} : { data: failed.facts.data }),
        cause: error,
      },
    )
  }
}
