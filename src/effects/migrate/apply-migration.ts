import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type { BundleSpec } from '../../migration/bundle.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { PinnedBundle } from '../../migration/lint.ts'
import type { ServerIdentity } from '../../targets/migration-database.ts'
import { ageMinutes } from './backup.ts'
import { noteBeforeCommit, whatBecameOfIt } from './committed.ts'
import { identityWithin } from './identity.ts'
import { type Applied, applyWithin } from './procedure.ts'
import type { Rehearsal } from './rehearse.ts'
import { refuseOtherIdentity } from './server-identify.ts'
import type { Backup } from './take-backup.ts'
import { jsonOf, limitsOf, type MigrateWorld } from './world.ts'

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
export function applyMigration(world: MigrateWorld): WriteEffect<Input, Output> {
  return {
    name: 'apply_migration',
    kind: 'write',
    input,
    output,
    async execute(context, given) {
      const bundle = await jsonOf<PinnedBundle>(context, given.bundleDigest)
      await refuseStaleBackup(context, given, bundle.spec)
      const identity = await jsonOf<ServerIdentity>(context, given.identityDigest)
      const catalogue = await jsonOf<Catalogue>(context, given.catalogueDigest)
      const rehearsed = await jsonOf<Rehearsal>(context, given.rehearsalDigest)
      const database = await world.database(given.target)
      const applied = await database.transaction(context, limitsOf(bundle.spec), async (sql) => {
        refuseOtherIdentity(identity, await identityWithin(sql))
        const done = await applyWithin(sql, { bundle, catalogue, rehearsed })
        await noteBeforeCommit(world, context, NOTE, sql, { transactionId: done.transactionId, what: done })
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
      } = await jsonOf<Rehearsal>(context, given.rehearsalDigest)
      return resultOf(
        { outcome, preflight, verify, transactionId: '', touched: touches },
        'rehearsed on a copy',
      )
    },
    async probe(context, given): Promise<Probe<Output>> {
      const { spec } = await jsonOf<PinnedBundle>(context, given.bundleDigest)
      const database = await world.database(given.target)
      const became = await whatBecameOfIt(world, context, NOTE, database, patience(spec))
      if (became.outcome !== 'committed') return became
      return { outcome: 'committed', ...resultOf(became.what as unknown as Applied, COMMITTED) }
    },
  }
}

/** A dead client's statement ends at its own timeout at the latest. */
export const patience = ({ lockTimeoutSeconds, statementTimeoutSeconds }: BundleSpec) =>
  (lockTimeoutSeconds + statementTimeoutSeconds) * 1_000

async function refuseStaleBackup(context: EffectContext, given: Input, spec: BundleSpec): Promise<void> {
  const { dump } = await jsonOf<Backup>(context, given.backupDigest)
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

function resultOf(applied: Applied, standsAs: string): EffectResult<Output> {
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
