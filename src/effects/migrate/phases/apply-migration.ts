import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { MigrationBundleSpec } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { type AppliedMigration, applyInTransaction } from '../apply-in-transaction.ts'
import { probeCommit, writeCommitNote } from '../commit-probe.ts'
import { limitsOf, type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { readServerIdentity } from '../server-identity.ts'
import type { Backup } from '../take-backup.ts'
import { ageMinutes } from './backup.ts'
import type { RehearsalResult } from './rehearse.ts'
import { assertSameIdentity } from './server-identify.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  backupDigest: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
})
const output = z.looseObject({ appliedDigest: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

const NOTE = 'apply'

/** The one writing effect that the run is about. A dry run has done it already, on its copy: that was the rehearsal. */
export function applyMigration(world: MigrateDeps): WriteEffect<Input, Output> {
  return {
    name: 'apply_migration',
    kind: 'write',
    input,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      await refuseStaleBackup(context, given, bundle.spec)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const rehearsed = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await world.database(given.target)
      const applied = await database.transaction(context, limitsOf(bundle.spec), async (sql) => {
        assertSameIdentity(identity, await readServerIdentity(sql))
        const done = await applyInTransaction(sql, { bundle, catalogue, rehearsed })
        await writeCommitNote(world, context, NOTE, sql, { transactionId: done.transactionId, what: done })
        return done
      })
      return resultOf(applied, COMMITTED)
    },
    async simulate(context, given) {
      const {
        inside: outcome,
        preflight,
        verify,
        touches,
      } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      return resultOf(
        { outcome, preflight, verify, transactionId: '', touched: touches },
        'rehearsed on a copy',
      )
    },
    async probe(context, given): Promise<Probe<Output>> {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const database = await world.database(given.target)
      const became = await probeCommit(world, context, NOTE, database, settleTimeoutMs(spec))
      if (became.outcome !== 'committed') return became
      return { outcome: 'committed', ...resultOf(became.what as unknown as AppliedMigration, COMMITTED) }
    },
  }
}

/** A dead client's statement ends at its own timeout at the latest. */
export const settleTimeoutMs = ({ lockTimeoutSeconds, statementTimeoutSeconds }: MigrationBundleSpec) =>
  (lockTimeoutSeconds + statementTimeoutSeconds) * 1_000

async function refuseStaleBackup(
  context: EffectContext,
  given: Input,
  spec: MigrationBundleSpec,
): Promise<void> {
  const { dump } = await readJsonEvidence<Backup>(context, given.backupDigest)
  const age = ageMinutes(dump.takenAt, context)
  if (age < spec.backupMaxAgeMinutes) return
  throw new Stop(
    'STOP_BACKUP_STALE',
    `the backup is ${Math.floor(age)} minutes old, the plan allows ${spec.backupMaxAgeMinutes}; nothing was applied`,
    { next: 'cutter run resume <run> takes and restores another one first' },
  )
}

// Until later phases say more: what is so if the run ends right here.
const COMMITTED = 'the migration is committed, and not verified yet'

function resultOf(applied: AppliedMigration, standsAs: string): EffectResult<Output> {
  const evidence = jsonEvidence('applied', applied)
  const { schema, rows } = applied.outcome
  return {
    output: {
      appliedDigest: evidence.digest,
      transactionId: applied.transactionId,
      report: {
        standsAs,
        migration: {
          added: schema.added.length,
          removed: schema.removed.length,
          changed: schema.changed.length,
          rows: rows as unknown as Json,
        },
      },
    },
    evidence: [evidence],
  }
}
