import { z } from 'zod'
import type { Effect, EffectContext, EffectResult } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { askQualified } from '../ask-check.ts'
import { settleTimeoutMs } from '../bundle-limits.ts'
import { probeCommit } from '../commit-probe.ts'
import type { MigrateDeps } from '../deps.ts'
import { assertChecksPass, type CheckResult, runChecks } from '../migration-checks.ts'
import { qualifiedTexts } from '../planned-checks.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { type PartsOfRun, readPartStates, runParts } from '../run-parts.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
  preflightDigest: z.string(),
})
type Input = z.infer<typeof input>

/**
 * Runs the statements of a script that come before its first transaction, after the checks before. Where the first of them fails and leaves
 * nothing, the run stops. Where anything of it remains, people find out what, because no transaction undoes it.
 */
export function statementsBefore(deps: MigrateDeps): Effect {
  return writeEffect({
    name: 'statements_before',
    input,
    output: z.looseObject({ begunDigest: z.string() }),
    async execute(context, given) {
      const run = await partsBefore(deps, context, given)
      // A transaction that committed has found these statements done, and may have changed what they made.
      if (await hasCommitted(deps, context, run)) return resultOf(context, given, run, null)
      const states = await readPartStates(deps, context, run)
      const checked = states.some((state) => state === 'done') ? null : await check(context, run)
      const failed = await runParts(deps, context, run)
      if (failed === null) return resultOf(context, given, run, checked)
      throw failedError(failed.why, await readPartStates(deps, context, run))
    },
    async simulate(context, given) {
      return resultOf(context, given, { bundle: await bundleOf(context, given) }, null)
    },
    async probe(context, given) {
      const run = await partsBefore(deps, context, given)
      if (await hasCommitted(deps, context, run))
        return { outcome: 'committed', ...(await resultOf(context, given, run, null)) }
      const states = await readPartStates(deps, context, run)
      if (states.includes('other'))
        return {
          outcome: 'unknown',
          why: 'the catalogue shows neither the state before a statement nor that after it',
        }
      if (states.some((state) => state !== 'done')) return { outcome: 'not-committed' }
      return { outcome: 'committed', ...(await resultOf(context, given, run, null)) }
    },
  })
}

const bundleOf = (context: EffectContext, { bundleDigest }: Input) =>
  readJsonEvidence<MigrationBundle>(context, bundleDigest)

async function partsBefore(deps: MigrateDeps, context: EffectContext, given: Input): Promise<PartsOfRun> {
  const bundle = await bundleOf(context, given)
  const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  return {
    ...{ bundle, rehearsal },
    database: await deps.openDatabase(given.target),
    identity: await readJsonEvidence<ServerIdentity>(context, given.identityDigest),
    source: await readJsonEvidence<Catalogue>(context, given.catalogueDigest),
    parts: bundle.parts!.before.map((part, at) => ({ part, rehearsed: rehearsal.parts!.before[at]! })),
    earlier: [],
  }
}

async function hasCommitted(deps: MigrateDeps, context: EffectContext, { database, bundle }: PartsOfRun) {
  const { outcome } = await probeCommit(deps, context, 'apply', database, settleTimeoutMs(bundle.spec))
  return outcome !== 'not-committed'
}

/** @throws STOP_PREFLIGHT_FAILED when a check before does not pass */
async function check(
  context: EffectContext,
  { database, bundle, rehearsal }: PartsOfRun,
): Promise<CheckResult[]> {
  const ask = askQualified(qualifiedTexts(bundle, rehearsal.reaches))
  const results = await database.read(context, (sql) => runChecks(sql, bundle.preflight, ask))
  assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', results)
  return results
}

/** What remains of a statement keeps the run from being cancelled as if nothing had been written. */
function failedError(why: string, states: string[]): Stop {
  const remains = states.some((state) => state === 'done' || state === 'other')
  if (!remains)
    return new Stop('STOP_MIGRATION_FAILED', `${why}; nothing of it remains, and no transaction was begun`, {
      next: 'correct what is named, then resume the run; or cancel it and start another migration',
    })
  return new Stop(
    'STOP_OUTCOME_UNKNOWN',
    `${why}; what ran before it remains, and no transaction was begun`,
    {
      next: 'correct what is named and remove what it left, then resume the run',
    },
  )
}

async function resultOf(
  context: EffectContext,
  given: Input,
  { bundle }: Pick<PartsOfRun, 'bundle'>,
  checked: CheckResult[] | null,
): Promise<EffectResult<{ begunDigest: string; report: Json }>> {
  const preflight = checked ?? (await readJsonEvidence<CheckResult[]>(context, given.preflightDigest))
  const evidence = jsonEvidence('begun', { preflight } as unknown as { [key: string]: Json })
  const report = {
    ranBefore: bundle.parts!.before.length,
    ...(context.mode === 'live' ? { standsAs: BEGUN } : {}),
  }
  return { output: { begunDigest: evidence.digest, report }, evidence: [evidence] }
}

// The state of the target if the run ends right here.
const BEGUN = 'the statements before the first transaction remain; no transaction was committed'
