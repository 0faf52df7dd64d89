import { z } from 'zod'
import type { Effect, EffectContext, Probe } from '../../../domain/effect.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import { rowLines } from '../../../migration/migration-outcome.ts'
import { describePart } from '../../../migration/script-parts.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { AppliedMigration } from '../apply-in-transaction.ts'
import type { MigrateDeps } from '../deps.ts'
import { addRows } from '../part-outcome.ts'
import type { RehearsalResult, StandaloneOutcome } from '../rehearsal-result.ts'
import { type PartsOfRun, readPartStates, rowsOfParts, runParts } from '../run-parts.ts'
import {
  readStandaloneState,
  runStandaloneStatement,
  type StandaloneState,
} from '../standalone-statements.ts'

/**
 * Runs the statements that can't run in a transaction, one by one. The catalogue shows before each one whether it has run, because
 * the rehearsal recorded what it adds and changes. A statement that the server rejects is recorded as an outcome, not a stop: the
 * migration has already committed, so gate SG2 decides.
 */
const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  rehearsalDigest: z.string(),
  identityDigest: z.string().default(''),
  catalogueDigest: z.string().default(''),
  appliedDigest: z.string().default(''),
})
type Input = z.infer<typeof input>

export function statementsAlone(deps: MigrateDeps): Effect {
  return writeEffect({
    name: 'statements_alone',
    input,
    output: z.looseObject({ ranAlone: z.number(), aloneFailed: z.string().nullable() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      if (bundle.parts !== undefined) {
        const run = await partsAfter(deps, context, given, bundle)
        const failed = await runParts(deps, context, run)
        return resultOf(bundle, failed?.why ?? (await findOtherRows(deps, context, given, bundle)))
      }
      const { alone, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await deps.openDatabase(given.target)
      for (const { number, text } of bundle.alone) {
        const expected = alone.find((one) => one.number === number)!
        if ((await readStandaloneState(database, context, bundle, expected)) === 'done') continue
        const failed = await runStandaloneStatement(database, context, bundle, { text, expected, touches })
        if (failed !== null) return resultOf(bundle, `statement ${number}: ${failed}`)
      }
      return resultOf(bundle, null)
    },
    simulate: async (context, given) =>
      resultOf(await readJsonEvidence<MigrationBundle>(context, given.bundleDigest), null),
    async probe(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      if (bundle.parts !== undefined) return probeParts(deps, context, given, bundle)
      if (bundle.alone.length === 0) return { outcome: 'committed', ...resultOf(bundle, null) }
      const { alone } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await deps.openDatabase(given.target)
      const states: StandaloneState[] = []
      for (const expected of alone)
        states.push(await readStandaloneState(database, context, bundle, expected))
      const other = states.indexOf('other')
      if (other >= 0) return { outcome: 'unknown', why: describeOtherState(alone[other]!) }
      // A statement without a trace in the catalogue (VACUUM, REINDEX) runs again, which is harmless.
      if (states.some((state) => state !== 'done')) return { outcome: 'not-committed' }
      return { outcome: 'committed', ...resultOf(bundle, null) }
    },
  })
}

/** The parts after the first transaction. */
async function partsAfter(
  deps: MigrateDeps,
  context: EffectContext,
  given: Input,
  bundle: MigrationBundle,
): Promise<PartsOfRun> {
  const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  const { before, first, after } = rehearsal.parts!
  return {
    ...{ bundle, rehearsal },
    database: await deps.openDatabase(given.target),
    identity: await readJsonEvidence<ServerIdentity>(context, given.identityDigest),
    source: await readJsonEvidence<Catalogue>(context, given.catalogueDigest),
    parts: bundle.parts!.after.map((part, at) => ({ part, rehearsed: after[at]! })),
    earlier: [...before, first],
  }
}

/** A range of bundle.yaml is of all parts together. */
async function findOtherRows(
  deps: MigrateDeps,
  context: EffectContext,
  { appliedDigest }: Input,
  { spec, parts }: MigrationBundle,
): Promise<string | null> {
  const { outcome } = await readJsonEvidence<AppliedMigration>(context, appliedDigest)
  const rows = addRows([outcome.rows, ...rowsOfParts(deps, context, [...parts!.before, ...parts!.after])])
  const lines = rowLines(spec.expect.rows, rows)
  return lines.length === 0 ? null : lines.join('; ')
}

async function probeParts(
  deps: MigrateDeps,
  context: EffectContext,
  given: Input,
  bundle: MigrationBundle,
): Promise<Probe<{ ranAlone: number; aloneFailed: string | null }>> {
  const run = await partsAfter(deps, context, given, bundle)
  const states = await readPartStates(deps, context, run)
  const other = states.indexOf('other')
  if (other >= 0) {
    const { part, rehearsed } = run.parts[other]!
    const why =
      rehearsed.alone === undefined
        ? `${describePart(part)}: the server does not know its transaction`
        : describeOtherState(rehearsed.alone)
    return { outcome: 'unknown', why }
  }
  if (states.some((state) => state !== 'done')) return { outcome: 'not-committed' }
  const failed = await findOtherRows(deps, context, given, bundle)
  return { outcome: 'committed', ...resultOf(bundle, failed) }
}

function resultOf({ alone, parts }: MigrationBundle, failed: string | null) {
  const ran = parts?.after.length ?? alone.length
  const facts = { ranAlone: ran, aloneFailed: failed }
  if (ran === 0) return { output: facts }
  const report = { ranAlone: ran, ...(failed === null ? {} : { failed }) }
  return { output: { ...facts, report } }
}

function describeOtherState({ number, schema }: StandaloneOutcome): string {
  const made = [...schema.added, ...schema.changed].join(', ')
  return (
    `for statement ${number} the catalogue shows neither the state before it nor the state after it (${made}); ` +
    'a concurrent build that failed leaves an invalid index: drop it concurrently, then resume'
  )
}
