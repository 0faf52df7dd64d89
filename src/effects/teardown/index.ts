import { z } from 'zod'
import type { Effect, EffectContext, ReadEffect, WriteEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type {
  MigrationRehearsalDatabases,
  RehearsalDatabaseFacts,
} from '../../targets/postgres/rehearsal-databases.ts'

/** What a teardown reaches for. */
export interface TeardownDeps {
  copies: Pick<MigrationRehearsalDatabases, 'list' | 'drop'>
  /** Whether a run is closed, or unknown here: an open one may still need its copy. */
  isOver(runId: string): Promise<boolean>
}

const input = z.object({ run: z.string() })
const planned = z.looseObject({ planDigest: z.string() })
const removeInput = z.object({ run: z.string(), planDigest: z.string() })
const removed = z.looseObject({ removed: z.number() })

export function teardownEffects(world: TeardownDeps): Record<string, Effect> {
  const find = (name: string): ReadEffect<z.infer<typeof input>, z.infer<typeof planned>> => ({
    name,
    kind: 'read',
    input,
    output: planned,
    async execute(context, { run }) {
      const copies = await copiesOfRun(world, run)
      if (copies.length === 0) throw noCopies(run)
      if (!(await world.isOver(run))) throw stillOpen(run)
      const plan = jsonEvidence('plan/SG1', planOf(context, run, copies))
      return {
        output: { planDigest: plan.digest, report: { copies: copies as unknown as Json, recheck: null } },
        evidence: [plan],
      }
    },
  })
  const effects = [find('copies_find'), find('recheck_copies'), remove(world)]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect as unknown as Effect]))
}

function remove(world: TeardownDeps): WriteEffect<z.infer<typeof removeInput>, z.infer<typeof removed>> {
  const resultOf = (copies: RehearsalDatabaseFacts[], standsAs: string) => ({
    output: { removed: copies.length, report: { removed: copies.length, standsAs } },
  })
  const plannedCopies = async (context: EffectContext, digest: string) => {
    const bytes = await context.evidence(digest)
    return (JSON.parse(Buffer.from(bytes).toString('utf8')) as { copies: RehearsalDatabaseFacts[] }).copies
  }
  const gone = (copies: RehearsalDatabaseFacts[]) =>
    resultOf(copies, `removed: ${copies.map(({ database }) => database).join(', ')}`)
  return {
    name: 'copies_remove',
    kind: 'write',
    input: removeInput,
    output: removed,
    async execute(context, { planDigest }) {
      const copies = await plannedCopies(context, planDigest)
      // One by one: what a crash leaves over, the next try removes.
      for (const { place, database } of copies) await world.copies.drop({ place, database })
      return gone(copies)
    },
    async simulate() {
      return resultOf([], 'a dry run removes nothing')
    },
    async probe(context, { run, planDigest }) {
      if ((await copiesOfRun(world, run)).length > 0) return { outcome: 'not-committed' }
      return { outcome: 'committed', ...gone(await plannedCopies(context, planDigest)) }
    },
  }
}

async function copiesOfRun({ copies }: TeardownDeps, run: string): Promise<RehearsalDatabaseFacts[]> {
  return (await copies.list()).filter(({ runId }) => runId === run)
}

const planOf = ({ version, mode }: EffectContext, run: string, copies: RehearsalDatabaseFacts[]) => ({
  type: 'cutter.plan.teardown/v1',
  machineVersion: version,
  mode,
  ofRun: run,
  copies,
  rollback: 'none: a removed copy is gone; its backup stays',
})

const noCopies = (run: string) =>
  new Stop('STOP_REFUSED_INPUT', `run ${run} has no rehearsal copy here; nothing was touched`, {
    next: 'cutter rehearsal list; then cancel this run',
  })

const stillOpen = (run: string) =>
  new Stop('STOP_REFUSED_INPUT', `run ${run} is not closed and may need its copy; nothing was touched`, {
    next: 'bring that run to its end, then resume this one',
  })
