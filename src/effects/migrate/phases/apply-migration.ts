import { z } from 'zod'
import type { Effect, EffectContext, EffectResult } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { MigrationBundleSpec } from '../../../migration/migration-bundle-spec.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef } from '../../../targets/postgres/rehearsal-database.ts'
import type { Sql } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { type AppliedMigration, applyInTransaction } from '../apply-in-transaction.ts'
import { ageMinutes } from '../back-up-database.ts'
import { limitsOf, settleTimeoutMs } from '../bundle-limits.ts'
import { lockAndProbe, probeCommit, writeCommitNote } from '../commit-probe.ts'
import type { MigrateDeps } from '../deps.ts'
import { lockBoundOf, withLockBound } from '../lock-bound.ts'
import { withLockRetries } from '../lock-retries.ts'
import { hasHistory, recordMigration } from '../migration-history.ts'
import { expectedAfter } from '../part-outcome.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { rehearsalDatabaseRef } from '../restore-backup.ts'
import { type DefinitionPair, findSameDefinitions } from '../same-definitions.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'
import { readSharedObjects } from '../shared-objects.ts'
import type { SnapshotBackup } from '../snapshot-backup.ts'
import type { Backup } from '../take-backup.ts'

/** Applies the migration to the target. A dry run has already applied it, to the rehearsal database. */
export function applyMigration(deps: MigrateDeps): Effect {
  return writeEffect({
    name: 'apply_migration',
    input: z.object({
      target: z.string(),
      bundleDigest: z.string(),
      identityDigest: z.string(),
      backupDigest: z.string(),
      backupComparedAt: z.string().optional(),
      catalogueDigest: z.string(),
      rehearsalDigest: z.string(),
      /** Runs of earlier releases have none. */
      migrationPlanDigest: z.string().optional(),
      copy: rehearsalDatabaseRef,
    }),
    output: z.looseObject({ appliedDigest: z.string() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const backup = await readJsonEvidence<Backup | SnapshotBackup>(context, given.backupDigest)
      assertFreshBackup(ageMinutes(backup, context, given.backupComparedAt), bundle.spec)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const rehearsed = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const database = await deps.openDatabase(given.target)
      const apart = Object.keys(rehearsed.apart ?? {})
      const findSame = await prepareComparison(deps, context, given.copy, rehearsed)
      const recorded = await isRecorded(context, given.migrationPlanDigest)
      const attempt = () =>
        withLockBound(context, lockBoundOf(bundle), (bounded, beginLocking) =>
          database.transaction(bounded, limitsOf(bundle.spec), async (sql) => {
            const earlier = await lockAndProbe(deps, context, 'apply', sql)
            if (earlier !== null) return earlier as unknown as AppliedMigration
            assertSameIdentity(identity, await readServerIdentity(sql))
            const done = await applyInTransaction(sql, {
              bundle,
              catalogue: expectedAfter(catalogue, rehearsed.parts?.before ?? []),
              rehearsed,
              apart,
              findSame,
              beginLocking,
              readCommitted: () => database.read(context, readSharedObjects),
            })
            if (recorded) await recordInHistory(sql, context, bundle.spec)
            const note = { transactionId: done.transactionId, what: done }
            await writeCommitNote(deps, context, 'apply', sql, note)
            return done
          }),
        )
      const applied = await withLockRetries(context, bundle.spec, attempt)
      return resultOf(applied, COMMITTED)
    },
    async simulate(context, given) {
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const { inside: outcome, preflight, verify, touches: touched } = rehearsal
      return resultOf({ outcome, preflight, verify, transactionId: '', touched }, REHEARSED)
    },
    async probe(context, given) {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const database = await deps.openDatabase(given.target)
      const found = await probeCommit(deps, context, 'apply', database, settleTimeoutMs(spec))
      if (found.outcome !== 'committed') return found
      return { outcome: 'committed', ...resultOf(found.what as unknown as AppliedMigration, COMMITTED) }
    },
  })
}

/** Whether the approved plan says that the target's history gets a row. */
async function isRecorded(context: EffectContext, planDigest: string | undefined): Promise<boolean> {
  if (planDigest === undefined) return false
  const { history } = await readJsonEvidence<{ history?: string }>(context, planDigest)
  return history !== undefined
}

/** @throws STOP_DRIFT when the history is gone */
async function recordInHistory(
  sql: Sql,
  { runId }: EffectContext,
  { name, migration, series = [{ name, sha256: migration.sha256 }] }: MigrationBundleSpec,
): Promise<void> {
  if (await hasHistory(sql)) {
    for (const one of series) await recordMigration(sql, { runId, ...one })
    return
  }
  throw new Stop(
    'STOP_DRIFT',
    `the target no longer has the history that the plan names; nothing was applied`,
    {
      next: 'make it again with cutter target init --history, then resume the run',
    },
  )
}

/** Starts the server of the rehearsal, if it may be needed, before the transaction takes a lock. */
async function prepareComparison(
  deps: MigrateDeps,
  context: EffectContext,
  copy: RehearsalDatabaseRef,
  { apart = {} }: RehearsalResult,
): Promise<(pairs: DefinitionPair[]) => Promise<string[]>> {
  if (Object.values(apart).every((facts) => facts === null)) return async () => []
  const rehearsal = await deps.rehearsalDatabases.open(copy)
  return (pairs) => findSameDefinitions(rehearsal, context, pairs)
}

/** @throws STOP_BACKUP_STALE when the backup is older than bundle.yaml allows */
function assertFreshBackup(age: number, spec: MigrationBundleSpec): void {
  if (age < spec.backupMaxAgeMinutes) return
  throw new Stop(
    'STOP_BACKUP_STALE',
    `the backup is ${Math.floor(age)} minutes old, the plan allows ${spec.backupMaxAgeMinutes}; nothing was applied`,
    { next: 'cutter run resume <run> takes and restores another one first' },
  )
}

// The state of the target if the run ends right here. Later phases replace it.
const COMMITTED = 'the migration is committed, and not verified yet'
const REHEARSED = 'rehearsed on a rehearsal database'

function resultOf(applied: AppliedMigration, standsAs: string): EffectResult<{ appliedDigest: string }> {
  const evidence = jsonEvidence('applied', applied)
  const { schema, rows } = applied.outcome
  const output = {
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
  }
  return { output, evidence: [evidence] }
}
