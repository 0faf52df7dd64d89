import { Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { type Catalogue, onlyIn, scopeCatalogue } from '../../migration/catalogue.ts'
import { beginsOutside, isOneTransaction, type MigrationBundle } from '../../migration/migration-bundle.ts'
import {
  compareOutcomes,
  findUnexpectedChanges,
  type MigrationOutcome,
} from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import { askQualified } from './ask-check.ts'
import { resultDiffersError } from './measure-outcome.ts'
import { measureScript } from './measure-script.ts'
import { assertChecksPass, type CheckResult, runChecks } from './migration-checks.ts'
import { HISTORY_SCHEMA } from './migration-history.ts'
import { lockMigrations } from './migration-lock.ts'
import { bundleForPart, rangesForPart } from './part-outcome.ts'
import { qualifiedTexts } from './planned-checks.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'
import { readCatalogue, readDefinitions } from './read-catalogue.ts'
import { withChildren } from './read-scoped.ts'
import { type RehearsalResult, relationsOf } from './rehearsal-result.ts'
import type { DistinctValues } from './row-changes.ts'
import { runGuarded } from './run-guarded.ts'
import type { DefinitionPair } from './same-definitions.ts'
import { assertSameSchema } from './schema-drift.ts'

/** What a migration did in its transaction. Saved as evidence `applied`. */
export interface AppliedMigration {
  outcome: MigrationOutcome
  /** Earlier versions did not count them. */
  values?: DistinctValues
  preflight: CheckResult[]
  /** Null where statements still have to run outside of the transaction, because the checks may concern them. */
  verify: CheckResult[] | null
  transactionId: string
  /** Relations and schemas, as `runScript` returns them. */
  touched: string[]
  /** The digests of changed objects that the rehearsal database had with another text. */
  apart?: { [name: string]: string }
}

interface ApplyMigrationInput {
  bundle: MigrationBundle
  /** The catalogue of the database as it was backed up, with what ran before this transaction. */
  catalogue: Catalogue
  /** What the rehearsal measured; null in the rehearsal itself. */
  rehearsed: Pick<RehearsalResult, 'inside' | 'touches' | 'reaches' | 'apart'> | null
  /** Whether the expectations of bundle.yaml are still to be found. Only a rehearsal may do without them. */
  proposes?: boolean
  /** Names of objects whose definition the server writes otherwise in the rehearsal database than in its source. */
  apart: string[]
  /** Finds which definitions of the target and the rehearsal database are the same; left out where none can differ. */
  findSame?(pairs: DefinitionPair[]): Promise<string[]>
  /** Is called before the script takes its first lock. */
  beginLocking?(): void
  /** Reads the shared objects in another session: see `runGuarded`. */
  readCommitted(): Promise<Catalogue>
}

/**
 * Applies a migration in the current transaction, in the same way on a rehearsal database and on the target: checks before, the
 * script byte for byte, measurements and checks after. The caller commits only if this returns.
 * @throws STOP_SOURCE_CHANGED when the script is not the frozen one
 * @throws STOP_DRIFT when the schema is not the one that was backed up
 * @throws STOP_PREFLIGHT_FAILED, STOP_VERIFICATION_FAILED when a check fails
 * @throws STOP_MIGRATION_FAILED when the server rejects the script
 * @throws STOP_RESULT_DIFFERS when the outcome differs from the expectations or from the rehearsal
 */
export async function applyInTransaction(sql: Sql, given: ApplyMigrationInput): Promise<AppliedMigration> {
  const { bundle, catalogue, rehearsed, apart } = given
  const { spec } = bundle
  const proposes = given.proposes === true && rehearsed === null
  const partial = bundle.parts !== undefined
  await lockMigrations(sql)
  assertFrozenScript(bundle)
  const readFull = () => readAtSavepoint(sql, () => readCatalogue(sql))
  const found = await readFull()
  const scope = rehearsed === null ? null : await withChildren(sql, relationsOf(rehearsed))
  // The checks run code of what they read, so the schema is compared first.
  assertSameSchema(within(scope, catalogue), within(scope, found), {
    changed: 'the schema is no longer the one that was backed up and rehearsed',
    kept: 'nothing was applied',
    next: 'cancel this run and start another: only the plan of this one was approved',
  })
  const ask = askQualified(qualifiedTexts(bundle, rehearsed?.reaches))
  // Statements that run before the first transaction do so after these checks.
  const preflight = beginsOutside(bundle) ? [] : await runChecks(sql, bundle.preflight, ask)
  assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', preflight)
  const readScoped = async () => within(rehearsed?.touches ?? null, await readFull())
  const before = within(rehearsed?.touches ?? null, found)
  const { outcome, values, touched, transactionId } = await measureScript(sql, {
    ...{ catalogue: before, readScoped, ask, apart },
    bundle: partial ? bundleForPart(bundle, rehearsed?.inside.rows ?? spec.expect.rows) : bundle,
    rewritten: rehearsed?.inside.rewritten ?? null,
    beginLocking: given.beginLocking,
    run: () => runGuarded(sql, bundle.script, 'script', given.readCommitted, bundle.parts?.first.line),
  })
  const changedApart = await compareApart(sql, given)
  const wrong = [
    ...touched
      .filter((name) => isHistory(name))
      .map((name) => `the script touches ${name}, which is Cutter’s`),
    ...(isOneTransaction(bundle) && !proposes ? findUnexpectedChanges(spec, outcome) : []),
    ...(rehearsed === null
      ? []
      : compareWithRehearsal(
          rehearsed,
          outcome,
          touched,
          partial ? rangesForPart(spec.expect.rows, rehearsed.inside.rows) : spec.expect.rows,
        )),
    ...changedApart.wrong,
  ]
  if (wrong.length > 0) throw resultDiffersError(wrong)
  const verify = isOneTransaction(bundle) ? await runChecks(sql, bundle.verify, ask) : null
  if (verify !== null) assertChecksPass('STOP_VERIFICATION_FAILED', 'verification', verify)
  const { digests } = changedApart
  const noted = Object.keys(digests).length === 0 ? {} : { apart: digests }
  return { outcome, values, preflight, verify, transactionId, touched, ...noted }
}

/** Compares the changed objects whose text differed before with those of the rehearsal. */
async function compareApart(
  sql: Sql,
  { rehearsed, findSame }: ApplyMigrationInput,
): Promise<{ wrong: string[]; digests: { [name: string]: string } }> {
  const expected = Object.entries(rehearsed?.apart ?? {}).filter(([, facts]) => facts !== null)
  if (expected.length === 0 || findSame === undefined) return { wrong: [], digests: {} }
  const names = expected.map(([name]) => name)
  const found = await readAtSavepoint(sql, () => readDefinitions(sql, names))
  const facts = Object.fromEntries(expected)
  const same = await findSame(found.map((one) => [one, { ...one, digest: '', facts: facts[one.name]! }]))
  return {
    wrong: onlyIn(names, same).map((name) => `unlike the rehearsal: ${name} has another definition`),
    digests: Object.fromEntries(found.map(({ name, digest }) => [name, digest])),
  }
}

/** No comparison of schemas shows it. */
const isHistory = (name: string) => name === HISTORY_SCHEMA || name.startsWith(`${HISTORY_SCHEMA}.`)

/** A rehearsal database has no other users. On the target, others may change what the script does not touch, at any time. */
const within = (scope: string[] | null, full: Catalogue) =>
  scope === null ? full : scopeCatalogue(scope, full)

function compareWithRehearsal(
  { inside, touches }: NonNullable<ApplyMigrationInput['rehearsed']>,
  outcome: MigrationOutcome,
  touched: string[],
  expected: MigrationBundle['spec']['expect']['rows'],
): string[] {
  const others = onlyIn(touched, touches).map((name) => `it touched ${name}`)
  return [...compareOutcomes(inside, outcome, expected), ...others].map(
    (line) => `unlike the rehearsal: ${line}`,
  )
}

function assertFrozenScript(bundle: MigrationBundle): void {
  const { spec, script, texts } = bundle
  const text = texts[spec.migration.file]!
  const isFrozen = sha256(text) === spec.migration.sha256
  const isPart = beginsOutside(bundle) ? text.includes(script) : text.startsWith(script)
  if (isFrozen && isPart && (!isOneTransaction(bundle) || text === script)) return
  throw new Stop('STOP_SOURCE_CHANGED', 'the script is not the frozen one; nothing was changed', {
    next: 'cancel this run and start another',
  })
}
