import { z } from 'zod'
import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
  withDigests,
  withoutObjects,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import { compareDistributions } from '../../../migration/migration-outcome.ts'
import type { MigrationDatabase, ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { Sql } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { AppliedMigration } from '../apply-in-transaction.ts'
import { askQualified, type Row } from '../ask-check.ts'
import { askAsReader } from '../check-login.ts'
import type { MigrateDeps } from '../deps.ts'
import { describeChecks, distributionQuery, queryDistribution, runChecks } from '../migration-checks.ts'
import type { MigrationVerification } from '../migration-closeout.ts'
import { migratedFacts, openMigratedDatabase } from '../open-migrated-database.ts'
import { planMigrationRollback } from '../plan.ts'
import { mayReaderAsk, qualifiedTexts } from '../planned-checks.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { committedUpTo, readTargetNow } from '../snapshot-backup.ts'

/**
 * Verifies what was committed, in a session of its own. A failure is an outcome and not a stop: it moves the run to gate SG2,
 * with a plan of the rollback.
 */
export function verifyMigration(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'verify_migration',
    input: z.object({
      ...migratedFacts,
      rehearsalDigest: z.string(),
      rehearsedDigest: z.string(),
      appliedDigest: z.string().optional(),
      aloneFailed: z.string().nullable().default(null),
      committedUpTo: committedUpTo.optional(),
    }),
    output: z.looseObject({ verified: z.boolean(), verificationDigest: z.string() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const rehearsed = await readJsonEvidence<Catalogue>(context, given.rehearsedDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const database = await openMigratedDatabase(deps, context, given)
      const byReader =
        context.mode === 'live'
          ? await askAsReader(
              deps,
              context,
              { target: given.target, identity },
              textsOfReader(bundle, rehearsal),
            )
          : new Map<string, Row[]>()
      const { leftOut = [], apart = {} } = rehearsal
      const expected = {
        rehearsal,
        rehearsed: withDigests(await readDigestsApart(context, given.appliedDigest), rehearsed),
        // The rehearsal database lacks what was left out of it, and has another text of some objects.
        ignored: context.mode === 'live' ? [] : [...leftOut, ...Object.keys(apart)],
        aloneFailed: given.aloneFailed,
        byReader,
      }
      const { verification, catalogue } = await verify(database, context, bundle, expected)
      const evidence = jsonEvidence('verification', verification)
      const { summary } = describeChecks(verification.checks)
      // The second backup is a snapshot that was taken after the commit.
      const since =
        given.committedUpTo === undefined || context.mode !== 'live'
          ? {}
          : { committedUpTo: await readTargetNow(deps, context, given.target) }
      const facts = { verificationDigest: evidence.digest, ...since }
      if (verification.failed.length === 0)
        return {
          output: { ...facts, verified: true, report: { verification: summary } },
          evidence: [evidence],
        }
      const failure = planAfterFailure(context, {
        bundle,
        identity,
        committed: catalogue,
        rehearsal,
        failed: verification.failed,
      })
      const { report, ...digests } = failure.output
      return {
        output: { ...facts, ...digests, report: { verification: summary, ...report } },
        evidence: [evidence, ...failure.evidence],
      }
    },
  })
}

/** The digests, on the target, of objects that the transaction compared by themselves. */
async function readDigestsApart(
  context: EffectContext,
  appliedDigest: string | undefined,
): Promise<{ [name: string]: string }> {
  if (context.mode !== 'live' || appliedDigest === undefined) return {}
  return (await readJsonEvidence<AppliedMigration>(context, appliedDigest)).apart ?? {}
}

type RollbackInput = Omit<Parameters<typeof planMigrationRollback>[0], 'machineVersion' | 'mode'>

/** Plans the rollback of a migration that is committed and did not verify. */
function planAfterFailure({ version, mode }: EffectContext, given: RollbackInput) {
  const plan = jsonEvidence('plan/SG2', planMigrationRollback({ machineVersion: version, mode, ...given }))
  const committed = jsonEvidence('catalogue/committed', given.committed)
  return {
    output: {
      verified: false,
      planDigest: plan.digest,
      committedDigest: committed.digest,
      report: {
        verificationFailed: given.failed.slice(0, 20),
        standsAs: 'the migration is committed and its verification failed',
      },
    },
    evidence: [plan, committed],
  }
}

/** The checks that the reader asks after the commit. */
function textsOfReader({ verify, distributions }: MigrationBundle, { reaches }: RehearsalResult): string[] {
  if (reaches === undefined) return []
  const queries = distributions.map(({ sql }) => distributionQuery(sql))
  return [
    ...verify.filter((_, at) => mayReaderAsk(reaches.verify[at]!)),
    ...queries.filter((_, at) => mayReaderAsk(reaches.distributions[at]!)),
  ]
}

async function verify(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: MigrationBundle,
  {
    rehearsal: { total, touches, reaches },
    rehearsed,
    ignored,
    aloneFailed,
    byReader,
  }: {
    rehearsal: RehearsalResult
    rehearsed: Catalogue
    /** Names of objects that are not compared. */
    ignored: string[]
    aloneFailed: string | null
    /** What the reader was asked already, by the text of the check. */
    byReader: ReadonlyMap<string, Row[]>
  },
): Promise<{ verification: MigrationVerification; catalogue: Catalogue }> {
  const failed: string[] = aloneFailed === null ? [] : [aloneFailed]
  const askOwner = askQualified(qualifiedTexts(bundle, reaches))
  const ask = async (sql: Sql, text: string) => byReader.get(text) ?? (await askOwner(sql, text))
  const { checks, catalogue } = await database.read(context, async (sql) => {
    const results = await runChecks(sql, bundle.verify, ask)
    for (const distribution of bundle.distributions) {
      const answer = await queryDistribution(sql, distribution, ask)
      const expected = total.distributions.filter(({ name }) => name === distribution.name)
      failed.push(...('refused' in answer ? [answer.refused] : compareDistributions(expected, [answer])))
    }
    return { checks: results, catalogue: await readCatalogue(sql) }
  })
  failed.push(...describeChecks(checks).failed)
  const compared = (full: Catalogue) => scopeCatalogue(touches, withoutObjects(ignored, full))
  const difference = compareSchemas(compared(rehearsed), compared(catalogue))
  failed.push(...describeSchemaDifference(difference).map((line) => `unlike the rehearsal: ${line}`))
  return { verification: { checks, failed }, catalogue }
}
