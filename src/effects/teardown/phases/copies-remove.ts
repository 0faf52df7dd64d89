import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { RehearsalDatabaseFacts } from '../../../targets/postgres/rehearsal-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { TeardownDeps } from '../deps.ts'
import { rehearsalDatabasesOfRun, type TeardownPlan } from '../plan.ts'

/** Removes the rehearsal databases of the approved plan. */
export function copiesRemove(deps: TeardownDeps): Effect {
  return writeEffect({
    name: 'copies_remove',
    input: z.object({ run: z.string(), planDigest: z.string() }),
    output: z.looseObject({ removed: z.number() }),
    async execute(context, { planDigest }) {
      const { copies } = await readJsonEvidence<TeardownPlan>(context, planDigest)
      // One by one: after a crash, the next attempt removes the rest. A process that lost its claim removes no more.
      for (const { place, database } of copies) {
        await context.assertClaimed()
        await deps.rehearsalDatabases.drop({ place, database })
      }
      return removedResult(copies)
    },
    async simulate() {
      return resultOf(0, 'a dry run removes nothing')
    },
    async probe(context, { run, planDigest }) {
      if ((await rehearsalDatabasesOfRun(deps, run)).length > 0) return { outcome: 'not-committed' }
      const { copies } = await readJsonEvidence<TeardownPlan>(context, planDigest)
      return { outcome: 'committed', ...removedResult(copies) }
    },
  })
}

const resultOf = (removed: number, standsAs: string) => ({
  output: { removed, report: { removed, standsAs } },
})

const removedResult = (databases: RehearsalDatabaseFacts[]) =>
  resultOf(databases.length, `removed: ${databases.map(({ database }) => database).join(', ')}`)
