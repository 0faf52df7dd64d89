import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { EffectContext, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { compareSchemas, scopeCatalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import { compareExpectedSchema } from '../../../migration/migration-outcome.ts'
import type { MigrationDatabase } from '../../../targets/postgres/migration-database.ts'
import type { Sql } from '../../../targets/target.ts'
import { limitsOf, type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { readCatalogue } from '../read-catalogue.ts'
import { runScript } from '../run-script.ts'
import { settleTimeoutMs } from './apply-migration.ts'
import type { RehearsalResult, StandaloneOutcome } from './rehearse.ts'

const input = z.object({ target: z.string(), bundleDigest: z.string(), rehearsalDigest: z.string() })
const output = z.looseObject({ ranAlone: z.number(), aloneFailed: z.string().nullable() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * Statements that no transaction takes, one by one, each asked after before it is run: what it adds and changes is known from the
 * rehearsal. One that the server refuses is an outcome and no stop: the migration is committed, so SG2 has the word.
 */
export function statementsAlone(world: MigrateDeps): WriteEffect<Input, Output> {
  return {
    name: 'statements_alone',
    kind: 'write',
    input,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const { alone, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await world.database(given.target)
      for (const { number, text } of bundle.alone) {
        const expected = alone.find((one) => one.number === number)!
        if ((await stateOf(database, context, bundle, expected)) === 'done') continue
        const failed = await runOne(database, context, bundle, { text, expected, touches })
        if (failed !== null) return resultOf(bundle, `statement ${number}: ${failed}`)
      }
      return resultOf(bundle, null)
    },
    simulate: async (context, given) =>
      resultOf(await readJsonEvidence<MigrationBundle>(context, given.bundleDigest), null),
    async probe(context, given): Promise<Probe<Output>> {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      if (bundle.alone.length === 0) return { outcome: 'committed', ...resultOf(bundle, null) }
      const { alone } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await world.database(given.target)
      const states = []
      for (const expected of alone) states.push(await stateOf(database, context, bundle, expected))
      const halfway = states.indexOf('other')
      if (halfway >= 0) return { outcome: 'unknown', why: notAsRehearsed(alone[halfway]!) }
      // One that leaves no trace in the catalogue (VACUUM, REINDEX) is run again: it does no harm twice.
      if (states.some((state) => state !== 'done')) return { outcome: 'not-committed' }
      return { outcome: 'committed', ...resultOf(bundle, null) }
    },
  }
}

const resultOf = ({ alone }: MigrationBundle, failed: string | null) => ({
  output: {
    ranAlone: alone.length,
    aloneFailed: failed,
    ...(alone.length === 0
      ? {}
      : { report: { ranAlone: alone.length, ...(failed === null ? {} : { failed }) } }),
  },
})

const notAsRehearsed = ({ number, schema }: StandaloneOutcome) =>
  `of statement ${number} the catalogue has neither what was before nor what it makes (${[...schema.added, ...schema.changed].join(', ')}); ` +
  'an index that a broken concurrent build left is invalid: drop it concurrently, then resume'

type State = 'done' | 'not done' | 'other' | 'untold'

async function stateOf(
  database: MigrationDatabase,
  context: EffectContext,
  { spec }: MigrationBundle,
  { schema, objects }: StandaloneOutcome,
): Promise<State> {
  const limits = limitsOf(spec)
  const found = await database.session(context, limits, async (sql) => {
    await lockBySession(sql, context, settleTimeoutMs(spec))
    await sql.query('begin read only')
    const catalogue = await readCatalogue(sql)
    await sql.query('rollback')
    return catalogue
  })
  const made = Object.entries(objects)
  if (made.length + schema.removed.length === 0) return 'untold'
  const done = [
    ...made.map(([name, digest]) => found.objects[name]?.digest === digest),
    ...schema.removed.map((name) => found.objects[name] === undefined),
  ]
  if (done.every((one) => one)) return 'done'
  const untouched = [
    ...schema.added.map((name) => found.objects[name] === undefined),
    ...schema.changed.map(
      (name) => found.objects[name] !== undefined && found.objects[name].digest !== objects[name],
    ),
    ...schema.removed.map((name) => found.objects[name] !== undefined),
  ]
  return untouched.every((one) => one) ? 'not done' : 'other'
}

async function runOne(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: MigrationBundle,
  { text, expected, touches }: { text: string; expected: StandaloneOutcome; touches: string[] },
): Promise<string | null> {
  const limits = limitsOf(bundle.spec)
  const now = async () => scopeCatalogue(touches, await database.read(context, readCatalogue))
  const before = await now()
  try {
    await database.session(context, limits, async (sql) => {
      await lockBySession(sql, context, settleTimeoutMs(bundle.spec))
      await runScript(sql, text)
    })
  } catch (error) {
    if (!(error instanceof Stop) || error.facts.code !== 'STOP_MIGRATION_FAILED') throw error
    return error.message
  }
  const schema = compareSchemas(before, await now())
  const lines = compareExpectedSchema(expected.schema, schema)
  return lines.length === 0 ? null : lines.join('; ')
}

/**
 * The migrations' lock, held by the session since there is no transaction. Tried again and again and never waited for: a
 * concurrent build waits for every older snapshot, also for that of a statement that waits for its lock.
 */
async function lockBySession(sql: Sql, { signal }: EffectContext, waitMs: number): Promise<void> {
  const until = Date.now() + waitMs
  for (;;) {
    const { rows } = await sql.query<{ taken: boolean }>(
      `select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('cutter/migrate', 0)) as taken`,
    )
    if (rows[0]!.taken) return
    if (Date.now() > until)
      throw new Stop('STOP_TARGET_LOCKED', 'another migration is still at work in this database', {
        next: 'wait until it is done, then resume the run',
      })
    await sleep(200, undefined, { signal })
  }
}
