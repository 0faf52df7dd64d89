import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { canonicalJson } from '../../domain/json.ts'
import { patchBetween } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import {
  type BatchesPart,
  placeOfPart,
  type ScriptPart,
  type TransactionPart,
} from '../../migration/script-parts.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { askByLogin } from './ask-check.ts'
import { limitsOf } from './bundle-limits.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { measureScript } from './measure-script.ts'
import { type MeasuredStatement, measureStatements } from './measure-statements.ts'
import { bundleForPart } from './part-outcome.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { PartOutcome } from './rehearsal-result.ts'
import { type BatchProgress, NO_BATCH, repeatBatches, runBatch } from './run-batches.ts'
import { runGuarded } from './run-guarded.ts'
import { readRehearsedSequences, returnSequences } from './sequence-values.ts'
import { readSharedObjects } from './shared-objects.ts'
import { rehearseStandaloneStatements } from './standalone-statements.ts'

export interface Rehearsed {
  database: MigrationDatabase
  context: EffectContext
  bundle: MigrationBundle
  /** Names of objects whose definition the source's server writes otherwise. */
  apart: string[]
  /** Whether the rows that change are still to be found, so that they are counted first. */
  proposes: boolean
  /** What the parts are of, for messages. */
  what?: 'script' | 'rollback'
}

/** What the parts of a script did on a rehearsal database, where they are committed. */
export interface RehearsedParts {
  outcomes: PartOutcome[]
  /** The statements of transactions and of batches, of which one was measured. */
  measured: MeasuredStatement[]
  alone: Pick<MeasuredStatement, 'number' | 'milliseconds'>[]
}

/** Runs parts one after another as on the target, and measures each. */
export async function rehearseParts(given: Rehearsed, parts: ScriptPart[]): Promise<RehearsedParts> {
  const { database, context } = given
  const all: RehearsedParts = { outcomes: [], measured: [], alone: [] }
  for (const part of parts) {
    const before = await database.read(context, readCatalogue)
    const { found, measured = [], alone = [] } = await rehearsePart(given, part)
    const after = await database.read(context, readCatalogue)
    all.outcomes.push({ place: placeOfPart(part), ...found, patch: patchBetween(before, after) })
    all.measured.push(...measured)
    all.alone.push(...alone)
  }
  return all
}

type RehearsedPart = Partial<Omit<RehearsedParts, 'outcomes'>> & {
  found: Omit<PartOutcome, 'place' | 'patch'>
}

async function rehearsePart(given: Rehearsed, part: ScriptPart): Promise<RehearsedPart> {
  if (part.how === 'transaction') return rehearseTransaction(given, part)
  if (part.how === 'batches') return rehearseBatches(given, part)
  const { database, context, bundle, apart } = given
  const { outcomes, measured } = await rehearseStandaloneStatements(
    database,
    context,
    bundle.spec,
    [part],
    apart,
  )
  return { found: { alone: outcomes[0]!, touched: [] }, alone: measured }
}

async function rehearseTransaction(given: Rehearsed, part: TransactionPart): Promise<RehearsedPart> {
  const { database, context, bundle } = given
  const limits = limitsOf(bundle.spec)
  const measured = await measurePart(given, part.text, part.numbers)
  const run = (sql: Sql) => runGuarded(sql, part.text, given.what ?? 'script', committedOf(given), part.line)
  const watched = await watchedBundle(given, run)
  const { outcome, touched } = await database.transaction(context, limits, (sql) =>
    measureHere(sql, given, watched, () => run(sql)),
  )
  return { found: { outcome, touched }, measured }
}

/**
 * Measures all batches in one transaction that is rolled back, because watching every row in each of them would take too long. Then they run
 * as on the target, with the same result.
 */
async function rehearseBatches(given: Rehearsed, part: BatchesPart): Promise<RehearsedPart> {
  const { database, context, bundle } = given
  const limits = limitsOf(bundle.spec)
  const measured = await measurePart(given, part.text, [part.number])
  const touched = new Set<string>()
  const one = async (sql: Sql, before: BatchProgress): Promise<BatchProgress> => {
    const ran = await runBatch(sql, part, before, committedOf(given), given.what)
    for (const name of ran.touched) touched.add(name)
    return ran.progress
  }
  const all = (sql: Sql) =>
    repeatBatches({ ...part, pauseSeconds: 0 }, { from: NO_BATCH, signal: context.signal }, (before) =>
      one(sql, before),
    )
  const watched = await watchedBundle(given, all)
  const sequences = await database.read(context, readRehearsedSequences)
  const { outcome } = await inDiscardedTransaction(database, context, limits, (sql) =>
    measureHere(sql, given, watched, async () => {
      await all(sql)
      return { touched: [], transactionId: '' }
    }),
  )
  await returnSequences(database, context, limits, sequences)
  const ended = await repeatBatches(
    { ...part, pauseSeconds: 0 },
    { from: NO_BATCH, signal: context.signal },
    (before) => database.transaction(context, limits, (sql) => one(sql, before)),
  )
  if (canonicalJson(ended.rows) !== canonicalJson(outcome.rows)) throw unlikeTrialError(part, ended, outcome)
  return { found: { outcome, touched: [...touched].sort() }, measured }
}

const unlikeTrialError = ({ number }: BatchesPart, { rows }: BatchProgress, tried: MigrationOutcome) =>
  new Stop(
    'STOP_RESULT_DIFFERS',
    `the batches of statement ${number} change other rows in transactions of their own than in one: ${canonicalJson(rows)}, not ${canonicalJson(tried.rows)}`,
    { next: 'let the statement depend on nothing but the rows that are left' },
  )

const committedOf =
  ({ database, context }: Rehearsed) =>
  () =>
    database.read(context, readSharedObjects)

/** A rehearsal database has no other users, so the complete catalogue is compared. */
async function measureHere<R extends { touched: string[]; transactionId: string }>(
  sql: Sql,
  { apart }: Rehearsed,
  bundle: MigrationBundle,
  run: () => Promise<R>,
) {
  const readFull = () => readAtSavepoint(sql, () => readCatalogue(sql))
  const catalogue = await readFull()
  return measureScript(sql, {
    ...{ bundle, catalogue, apart, run },
    readScoped: readFull,
    rewritten: null,
    ask: askByLogin,
  })
}

/** The bundle whose expected rows are watched: those that it names, or those that change in a trial. */
export async function watchedBundle(
  given: Rehearsed,
  run: (sql: Sql) => Promise<unknown>,
): Promise<MigrationBundle> {
  const { database, context, bundle, proposes } = given
  if (!proposes) return { ...bundle, distributions: [] }
  const limits = limitsOf(bundle.spec)
  const unwatched = bundleForPart(bundle, {})
  const sequences = await database.read(context, readRehearsedSequences)
  const { outcome } = await inDiscardedTransaction(database, context, limits, (sql) =>
    measureHere(sql, given, unwatched, async () => {
      await run(sql)
      return { touched: [], transactionId: '' }
    }),
  )
  await returnSequences(database, context, limits, sequences)
  const rows = Object.fromEntries(
    Object.entries(outcome.rows).map(([table, changes]) => [table, { ...changes, columns: [] }]),
  )
  return { ...unwatched, spec: { ...bundle.spec, expect: { ...bundle.spec.expect, rows } } }
}

/** Measures the statements of a part, with their numbers in the file. */
export async function measurePart(
  { database, context, bundle }: Pick<Rehearsed, 'database' | 'context' | 'bundle'>,
  text: string,
  numbers: number[],
): Promise<MeasuredStatement[]> {
  const measured = await measureStatements(database, context, limitsOf(bundle.spec), text)
  return (measured ?? []).map((one, at) => ({ ...one, number: numbers[at] ?? one.number }))
}
