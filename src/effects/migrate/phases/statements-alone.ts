import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { MigrateDeps } from '../deps.ts'
import type { RehearsalResult, StandaloneOutcome } from '../rehearsal-result.ts'
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
export function statementsAlone(deps: MigrateDeps): Effect {
  return writeEffect({
    name: 'statements_alone',
    input: z.object({ target: z.string(), bundleDigest: z.string(), rehearsalDigest: z.string() }),
    output: z.looseObject({ ranAlone: z.number(), aloneFailed: z.string().nullable() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
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

function resultOf({ alone }: MigrationBundle, failed: string | null) {
  const facts = { ranAlone: alone.length, aloneFailed: failed }
  if (alone.length === 0) return { output: facts }
  const report = { ranAlone: alone.length, ...(failed === null ? {} : { failed }) }
  return { output: { ...facts, report } }
}

function describeOtherState({ number, schema }: StandaloneOutcome): string {
  const made = [...schema.added, ...schema.changed].join(', ')
  return (
    `for statement ${number} the catalogue shows neither the state before it nor the state after it (${made}); ` +
    'a concurrent build that failed leaves an invalid index: drop it concurrently, then resume'
  )
}
