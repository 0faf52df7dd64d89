import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Catalogue, onlyIn, scopeCatalogue, withoutObjects } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import { compareOutcomes, type MigrationOutcome, rowLines } from '../../migration/migration-outcome.ts'
import {
  type AlonePart,
  type BatchesPart,
  describePart,
  placeOfPart,
  type ScriptPart,
  type TransactionPart,
} from '../../migration/script-parts.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { askByLogin } from './ask-check.ts'
import { limitsOf, settleTimeoutMs } from './bundle-limits.ts'
import {
  type CommitNoteName,
  lockAndProbe,
  probeCommit,
  readCommitNote,
  writeCommitNote,
} from './commit-probe.ts'
import type { MigrateDeps } from './deps.ts'
import { lockBoundOf, withLockBound } from './lock-bound.ts'
import { withLockRetries } from './lock-retries.ts'
import { resultDiffersError } from './measure-outcome.ts'
import { measureScript } from './measure-script.ts'
import { runNotedBatches } from './noted-batches.ts'
import { bundleForPart, expectedAfter, rangesForPart } from './part-outcome.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'
import { readCatalogue } from './read-catalogue.ts'
import { withChildren } from './read-scoped.ts'
import { type PartOutcome, type RehearsalResult, relationsOf } from './rehearsal-result.ts'
import type { BatchProgress } from './run-batches.ts'
import { runGuarded } from './run-guarded.ts'
import { assertSameSchema } from './schema-drift.ts'
import { assertSameIdentity, readServerIdentity } from './server-identity.ts'
import { readSharedObjects } from './shared-objects.ts'
import { readStandaloneState, runStandaloneStatement, type StandaloneState } from './standalone-statements.ts'

/**
 * Runs the parts of a script on the target that are not its first transaction. Each part is found out by itself after a crash: a transaction
 * and a batch by their notes, a statement outside of a transaction by the catalogue.
 */

type Deps = Pick<MigrateDeps, 'commitNotes'>

export interface PartsOfRun {
  database: MigrationDatabase
  bundle: MigrationBundle
  identity: ServerIdentity
  rehearsal: RehearsalResult
  /** The catalogue as it was backed up. */
  source: Catalogue
  /** The parts to run, with what each did in the rehearsal. */
  parts: { part: ScriptPart; rehearsed: PartOutcome }[]
  /** What ran before these parts. */
  earlier: PartOutcome[]
}

const noteOf = (part: ScriptPart): CommitNoteName => `part-${placeOfPart(part)}`

/** Whether each part was done. After a transaction that committed, those before it were, whatever it made of them. */
export async function readPartStates(
  deps: Deps,
  context: EffectContext,
  { database, bundle, parts }: PartsOfRun,
): Promise<StandaloneState[]> {
  const states: StandaloneState[] = []
  for (const { part, rehearsed } of parts) {
    if (part.how === 'alone') {
      states.push(await readStandaloneState(database, context, bundle, rehearsed.alone!))
      continue
    }
    const found = await probeCommit(deps, context, noteOf(part), database, settleTimeoutMs(bundle.spec))
    if (found.outcome === 'unknown') states.push('other')
    else if (found.outcome === 'not-committed') states.push('not done')
    else {
      const isDone = part.how === 'transaction' || (found.what as unknown as BatchProgress).ended
      // The first batch proves that the parts before it were done.
      states.fill('done')
      states.push(isDone ? 'done' : 'not done')
    }
  }
  return states
}

/**
 * Runs the parts that are not done, in their order.
 * @returns null when each did what it did in the rehearsal; else what failed. Everything before it remains.
 * @throws every stop of which another attempt may get further, such as a lock that is not granted
 */
export async function runParts(
  deps: Deps,
  context: EffectContext,
  given: PartsOfRun,
): Promise<{ part: ScriptPart; why: string } | null> {
  const states = await readPartStates(deps, context, given)
  for (const [at, { part, rehearsed }] of given.parts.entries()) {
    if (states[at] === 'done') continue
    const before = expectedAfter(given.source, [
      ...given.earlier,
      ...given.parts.slice(0, at).map(({ rehearsed: done }) => done),
    ])
    context.progress(describePart(part))
    const why = await asReason(() => runPart(deps, context, given, { part, rehearsed, before }))
    if (why !== null) return { part, why: `${describePart(part)}: ${why}` }
  }
  return null
}

interface OnePart<P extends ScriptPart> {
  part: P
  rehearsed: PartOutcome
  /** The catalogue that the target must have. */
  before: Catalogue
}

async function runPart(
  deps: Deps,
  context: EffectContext,
  given: PartsOfRun,
  one: OnePart<ScriptPart>,
): Promise<string | null> {
  const { part } = one
  const { spec } = given.bundle
  if (part.how === 'alone') return runAlone(context, given, { ...one, part })
  if (part.how === 'batches') return runAllBatches(deps, context, given, { ...one, part })
  await withLockRetries(context, spec, () => runTransaction(deps, context, given, { ...one, part }))
  return null
}

const FAILURES = ['STOP_MIGRATION_FAILED', 'STOP_RESULT_DIFFERS']

/** A part that can't succeed by another attempt is a reason for people to decide. */
async function asReason(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop) || !FAILURES.includes(error.facts.code)) throw error
    if ((error.facts.data as { mayResume?: boolean } | undefined)?.mayResume === true) throw error
    return error.message
  }
}

async function runAlone(
  context: EffectContext,
  given: PartsOfRun,
  { part, rehearsed, before }: OnePart<AlonePart>,
): Promise<string | null> {
  const { database, bundle, identity, rehearsal } = given
  await database.read(context, async (sql) => {
    assertSameIdentity(identity, await readServerIdentity(sql))
    await assertNoDrift(sql, given, before, await readCatalogue(sql))
  })
  const expected = rehearsed.alone!
  return runStandaloneStatement(database, context, bundle, {
    text: part.text,
    expected,
    touches: rehearsal.touches,
  })
}

/** @throws STOP_DRIFT when others changed the schema since the rehearsal */
async function assertNoDrift(
  sql: Sql,
  { rehearsal }: Pick<PartsOfRun, 'rehearsal'>,
  expected: Catalogue,
  found: Catalogue,
): Promise<void> {
  const scope = await withChildren(sql, relationsOf(rehearsal))
  // What the server writes otherwise on the copy is compared after the last part.
  const apart = Object.keys(rehearsal.apart ?? {})
  const compared = (full: Catalogue) => scopeCatalogue(scope, withoutObjects(apart, full))
  assertSameSchema(compared(expected), compared(found), {
    changed: 'the schema is no longer the one that was rehearsed for this part',
    kept: 'this part was not run, and those before it remain',
    next: 'restore the schema as it was, then resume the run',
  })
}

async function runTransaction(
  deps: Deps,
  context: EffectContext,
  given: PartsOfRun,
  { part, rehearsed, before }: OnePart<TransactionPart>,
): Promise<void> {
  const { database, bundle, identity, rehearsal } = given
  const { touches } = rehearsal
  await withLockBound(context, lockBoundOf(bundle), (bounded, beginLocking) =>
    database.transaction(bounded, limitsOf(bundle.spec), async (sql) => {
      if ((await lockAndProbe(deps, context, noteOf(part), sql)) !== null) return
      assertSameIdentity(identity, await readServerIdentity(sql))
      const readScoped = async () =>
        scopeCatalogue(touches, await readAtSavepoint(sql, () => readCatalogue(sql)))
      await assertNoDrift(sql, given, before, await readAtSavepoint(sql, () => readCatalogue(sql)))
      const expected = rehearsed.outcome!
      const { outcome, touched, transactionId } = await measureScript(sql, {
        bundle: bundleForPart(bundle, expected.rows),
        catalogue: await readScoped(),
        readScoped,
        rewritten: expected.rewritten,
        ask: askByLogin,
        apart: Object.keys(rehearsal.apart ?? {}),
        beginLocking,
        run: () => runGuarded(sql, part.text, 'script', committedOf(given, context), part.line),
      })
      const lines = [
        ...compareOutcomes(expected, outcome, rangesForPart(bundle.spec.expect.rows, expected.rows)),
        ...onlyIn(touched, touches).map((name) => `it touched ${name}`),
      ]
      if (lines.length > 0) throw resultDiffersError(lines.map((line) => `unlike the rehearsal: ${line}`))
      const what = { rows: outcome.rows }
      await writeCommitNote(deps, context, noteOf(part), sql, { transactionId, what })
    }),
  )
}

const committedOf =
  ({ database }: Pick<PartsOfRun, 'database'>, context: EffectContext) =>
  () =>
    database.read(context, readSharedObjects)

async function runAllBatches(
  deps: Deps,
  context: EffectContext,
  given: PartsOfRun,
  { part, rehearsed, before: expected }: OnePart<BatchesPart>,
): Promise<string | null> {
  const { database, bundle, identity, rehearsal } = given
  const { rows } = await runNotedBatches(deps, context, {
    ...{ database, spec: bundle.spec, name: noteOf(part), part, what: 'script' },
    readCommitted: committedOf(given, context),
    async begin(sql, isFirst) {
      assertSameIdentity(identity, await readServerIdentity(sql))
      if (isFirst)
        await assertNoDrift(sql, given, expected, await readAtSavepoint(sql, () => readCatalogue(sql)))
    },
    async end(_, touched) {
      const others = onlyIn(touched, rehearsal.touches)
      if (others.length > 0)
        throw resultDiffersError(others.map((one) => `unlike the rehearsal: it touched ${one}`))
    },
  })
  const wanted = rehearsed.outcome!.rows
  const lines = rowLines({ ...wanted, ...rangesForPart(bundle.spec.expect.rows, wanted) }, rows)
  return lines.length === 0 ? null : lines.map((line) => `unlike the rehearsal: ${line}`).join('; ')
}

/** The rows that transactions and batches of these parts changed, by their notes. */
export const rowsOfParts = (
  deps: Deps,
  context: EffectContext,
  parts: ScriptPart[],
): MigrationOutcome['rows'][] =>
  parts.flatMap((part) => {
    const what = part.how === 'alone' ? null : readCommitNote(deps, context, noteOf(part))
    return what === null ? [] : [(what as unknown as Pick<BatchProgress, 'rows'>).rows]
  })
