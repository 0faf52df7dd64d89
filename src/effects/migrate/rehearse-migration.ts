import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import {
  asInSource,
  type Catalogue,
  compareSchemas,
  differentObjects,
  digestMadeDefinitions,
  onlyIn,
  patchBetween,
  type SchemaDifference,
  scopeCatalogue,
} from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import {
  compareMovedSequences,
  findUnexpectedChanges,
  type MigrationOutcome,
} from '../../migration/migration-outcome.ts'
import { placeOfPart, type ScriptParts } from '../../migration/script-parts.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import { applyInTransaction } from './apply-in-transaction.ts'
import { askByLogin } from './ask-check.ts'
import { limitsOf } from './bundle-limits.ts'
import { digestCallDefinitions } from './call-definitions.ts'
import { findMissing } from './left-out.ts'
import { resultDiffersError } from './measure-outcome.ts'
import { measureStatements } from './measure-statements.ts'
import { assertChecksPass, distributionQuery, queryDistribution, runChecks } from './migration-checks.ts'
import { totalOfParts } from './part-outcome.ts'
import { qualifyChecks } from './qualify-checks.ts'
import { readCatalogue, readDefinitions } from './read-catalogue.ts'
import type { RehearsalResult } from './rehearsal-result.ts'
import { measurePart, type Rehearsed, rehearseParts, watchedBundle } from './rehearse-parts.ts'
import { rehearseRollbackParts } from './rehearse-rollback-parts.ts'
import { runGuarded } from './run-guarded.ts'
import { readRehearsedSequences, type SequenceValues } from './sequence-values.ts'
import { readServerIdentity } from './server-identity.ts'
import { readSharedObjects } from './shared-objects.ts'
import { rehearseStandaloneStatements } from './standalone-statements.ts'
import { tryRollback } from './try-rollback.ts'

/**
 * Runs a migration on a rehearsal database as it would run on the target, commits it there, and tries its rollback.
 * @param source the catalogue of the database that was backed up
 * @param proposes whether the expectations of the bundle are still to be found, so that nothing is compared with them
 * @returns the result, the catalogue after the migration, with what the rehearsal database lacks of the source, and the sequences that
 *   got another value by something else than inserted rows
 * @throws every stop of `applyInTransaction`
 */
export async function rehearseMigration(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: MigrationBundle,
  source: Catalogue,
  { proposes = false } = {},
): Promise<{ rehearsal: RehearsalResult; after: Catalogue; moved: string[] }> {
  const limits = limitsOf(bundle.spec)
  const reach = (texts: string[]) =>
    qualifyChecks(database, context, limits, { texts, named: bundle.spec.checkFunctions ?? [] })
  const calls = await database.read(context, digestCallDefinitions)
  const preflightReaches = await reach(bundle.preflight)
  const copy = await database.read(context, readCatalogue)
  const leftOut = onlyIn(findMissing(source, copy), bundle.spec.deviations ?? [])
  const apart = differentObjects(source, copy)
  const inSource = (found: Catalogue) => asInSource({ source, copy }, found)
  const sequences = await database.read(context, readRehearsedSequences)
  const given = { database, context, bundle, apart, proposes }
  const parts = bundle.parts === undefined ? null : await beginParts(given, bundle.parts)
  const statements = parts?.measured ?? (await measureStatements(database, context, limits, bundle.script))
  const { outcome, values, preflight, touched } = await database.transaction(context, limits, (sql) =>
    applyInTransaction(sql, {
      bundle: parts?.watched ?? bundle,
      catalogue: parts?.begun ?? copy,
      rehearsed: null,
      proposes,
      apart,
      readCommitted: () => database.read(context, readSharedObjects),
    }),
  )
  const changedApart = await readChangedApart(database, context, apart, copy)
  const { outcomes: alone, measured: aloneMeasured } = await rehearseStandaloneStatements(
    database,
    context,
    bundle.spec,
    bundle.alone,
    apart,
  )
  const later =
    parts === null
      ? null
      : {
          first: {
            place: placeOfPart(bundle.parts!.first),
            ...{ outcome, touched },
            patch: patchBetween(parts.begun, await database.read(context, readCatalogue)),
          },
          ...(await rehearseParts(given, bundle.parts!.after)),
        }
  const after = await database.read(context, readCatalogue)
  const others = [...(parts?.before.outcomes ?? []), ...(later?.outcomes ?? [])]
  const total =
    later !== null
      ? totalOfParts(outcome, others, { copy, after, apart, distributions: await askAll(given) })
      : alone.length === 0
        ? outcome
        : totalOutcome(outcome, { copy, after, apart })
  const movedTo = await database.read(context, readRehearsedSequences)
  const moved = findMovedSequences(sequences, movedTo, copy, total)
  if (!proposes) assertExpected(bundle, total, moved)
  const verify = await database.read(context, (sql) => runChecks(sql, bundle.verify, askByLogin))
  assertChecksPass('STOP_VERIFICATION_FAILED', 'verification', verify)
  const reaches = {
    preflight: preflightReaches,
    verify: await reach(bundle.verify),
    distributions: await reach(bundle.distributions.map(({ sql }) => distributionQuery(sql))),
    calls,
  }
  const back =
    bundle.rollbackParts === undefined
      ? null
      : await rehearseRollbackParts(given, bundle.rollbackParts, after)
  const tried = back ?? (await tryRollback(database, context, limits, bundle))
  const rollbackStatements =
    back?.measured ?? (await measureStatements(database, context, limits, bundle.rollbackScript))
  const byMigration = compareSchemas(copy, after)
  const byRollback = compareSchemas(after, tried.after)
  const catalogues = [copy, after, tried.after]
  const subjects = [
    ...[byMigration, byRollback].flatMap((difference) => subjectsOf(difference, catalogues)),
    ...[...others, ...(later === null ? [] : [later.first])].flatMap(({ touched: some, patch }) => [
      ...some,
      ...Object.values(patch.made).flatMap(({ about }) => about ?? []),
    ]),
  ]
  const touches = [...new Set([...touched, ...tried.touched, ...subjects])].sort()
  const rehearsal: RehearsalResult = {
    place: await placeOf(database, context),
    inside: outcome,
    alone,
    ...(later === null
      ? {}
      : { parts: { before: parts!.before.outcomes, first: later.first, after: later.outcomes } }),
    total,
    ...(values === undefined ? {} : { values }),
    touches,
    preflight: parts?.preflight ?? preflight,
    verify,
    reaches,
    rollback: {
      schema: byRollback,
      leaves: compareSchemas(copy, tried.after),
      ...(back === null ? {} : { parts: back.outcomes }),
      catalogueDigest: scopeCatalogue(touches, inSource(tried.after)).digest,
    },
    measured: {
      migration: later === null ? statements : [...statements!, ...later.measured],
      alone: [...(parts?.before.alone ?? []), ...aloneMeasured, ...(later?.alone ?? [])],
      rollback: rollbackStatements,
    },
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(apart.length === 0 ? {} : { apart: changedApart }),
    ...deviationsOf(bundle.spec.deviations, { source, copy }),
  }
  return { rehearsal, after: inSource(after), moved }
}

/** Runs what comes before the first transaction, and prepares that. */
async function beginParts(given: Rehearsed, { before, first }: ScriptParts) {
  const { database, context, bundle } = given
  const preflight =
    before.length === 0
      ? null
      : await database.read(context, (sql) => runChecks(sql, bundle.preflight, askByLogin))
  if (preflight !== null) assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', preflight)
  const ran = await rehearseParts(given, before)
  const begun = await database.read(context, readCatalogue)
  const measured = [...ran.measured, ...(await measurePart(given, first.text, first.numbers))]
  const watched = await watchedBundle(given, (sql) =>
    runGuarded(sql, first.text, 'script', () => database.read(context, readSharedObjects), first.line),
  )
  return { before: ran, begun, measured, watched, preflight }
}

/** Asks the distributions of a script of several parts, when all have run. */
async function askAll({ database, context, bundle }: Rehearsed): Promise<MigrationOutcome['distributions']> {
  return database.read(context, async (sql) => {
    const found: MigrationOutcome['distributions'] = []
    for (const distribution of bundle.distributions) {
      const answer = await queryDistribution(sql, distribution, askByLogin)
      if ('refused' in answer) throw resultDiffersError([answer.refused])
      found.push(answer)
    }
    return found
  })
}

/** A deviation is an accepted difference in an object that exists in one of both. */
function deviationsOf(
  accepted: string[] = [],
  { source, copy }: { source: Catalogue; copy: Catalogue },
): { deviations?: string[] } {
  const lines = differentObjects(source, copy)
    .filter((name) => accepted.includes(name))
    .map((name) => {
      if (copy.objects[name] === undefined) return `${name} is missing from the rehearsal database`
      return source.objects[name] === undefined
        ? `${name} exists in the rehearsal database only`
        : `${name} has another definition in the rehearsal database`
    })
  return lines.length === 0 ? {} : { deviations: lines }
}

/** The objects that source and copy have differently, with their facts where the transaction changed them. */
async function readChangedApart(
  database: MigrationDatabase,
  context: EffectContext,
  apart: string[],
  copy: Catalogue,
): Promise<{ [name: string]: Json }> {
  const found = await database.read(context, (sql) => readDefinitions(sql, apart))
  const changed = found.filter(({ name, digest }) => copy.objects[name]?.digest !== digest)
  return Object.fromEntries([
    ...apart.map((name) => [name, null]),
    ...changed.map(({ name, facts }) => [name, facts]),
  ])
}

async function placeOf(
  database: MigrationDatabase,
  context: EffectContext,
): Promise<RehearsalResult['place']> {
  const { versionNumber } = await database.read(context, readServerIdentity)
  return { name: 'copy', versionNumber }
}

function assertExpected({ spec }: MigrationBundle, total: MigrationOutcome, moved: string[]): void {
  const wrong = [
    ...findUnexpectedChanges(spec, total),
    ...compareMovedSequences(spec.expect.sequences, moved),
  ]
  if (wrong.length === 0) return
  throw new Stop('STOP_RESULT_DIFFERS', `after its last statement: ${wrong.join('; ')}`, {
    data: { differences: wrong },
  })
}

/** Sequences with another value than before, unless rows were inserted into the table that owns them. */
function findMovedSequences(
  before: SequenceValues,
  after: SequenceValues,
  { objects }: Catalogue,
  { rows }: MigrationOutcome,
): string[] {
  return Object.keys(before).filter((name) => {
    const owner = objects[`sequence ${name}`]?.about ?? name
    return after[name] !== undefined && after[name] !== before[name] && (rows[owner]?.inserted ?? 0) === 0
  })
}

/** Adds the standalone statements. An object that the transaction recreated under its old name still counts as changed. */
function totalOutcome(
  inside: MigrationOutcome,
  { copy, after, apart }: { copy: Catalogue; after: Catalogue; apart: string[] },
): MigrationOutcome {
  const schema = compareSchemas(copy, after)
  const recreated = inside.schema.changed.filter((name) => after.objects[name] !== undefined)
  return {
    ...inside,
    schema: { ...schema, changed: [...new Set([...schema.changed, ...recreated])].sort() },
    madeDigest: digestMadeDefinitions(copy, after, apart),
  }
}

/**
 * The relations and schemas of what differs. Locks alone do not show them, because a GRANT takes no lock and a standalone
 * statement has released its own.
 */
const subjectsOf = ({ added, removed, changed }: SchemaDifference, catalogues: Catalogue[]): string[] =>
  [...added, ...removed, ...changed].flatMap((name) =>
    catalogues.flatMap(({ objects }) => objects[name]?.about ?? []),
  )
