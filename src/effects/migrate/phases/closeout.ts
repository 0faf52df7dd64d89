import { z } from 'zod'
import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import { canonicalJson } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type Catalogue, scopeCatalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { AppliedMigration } from '../apply-in-transaction.ts'
import type { MigrateDeps } from '../deps.ts'
import type { CheckResult } from '../migration-checks.ts'
import type { MigrationCloseout, MigrationVerification } from '../migration-closeout.ts'
import { renderMigrationCloseout } from '../migration-closeout-markdown.ts'
import { type PlannedRestore, readPlannedRestore } from '../planned-restore.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { rehearsalDatabaseRef } from '../restore-backup.ts'
import { isSnapshot, type SnapshotBackup } from '../snapshot-backup.ts'
import { type Backup, describeHolding } from '../take-backup.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  backupDigest: z.string(),
  restoredDigest: z.string().optional(),
  rehearsalDigest: z.string(),
  preflightDigest: z.string(),
  appliedDigest: z.string().optional(),
  /** Of what ran before the first transaction. */
  begunDigest: z.string().optional(),
  verificationDigest: z.string(),
  secondBackupDigest: z.string().optional(),
  rolledBack: z.boolean().default(false),
  copy: rehearsalDatabaseRef,
})
type Input = z.infer<typeof input>

/** Reads the target a last time and writes the closeout: what was done, every check, what remains unauthorised, the next step. */
export function closeout(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'closeout',
    input,
    output: z.looseObject({ closeoutDigest: z.string() }),
    async execute(context, given) {
      const before = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const database = await deps.openDatabase(given.target)
      const found = await database.read(context, readCatalogue)
      const document = await composeCloseout(context, given, before, found)
      const facts = jsonEvidence('closeout', document)
      const markdown = Buffer.from(renderMigrationCloseout(document))
      const text = bytesEvidence('closeout.md', 'text/markdown', markdown)
      return {
        output: {
          closeoutDigest: facts.digest,
          report: {
            standsAs: document.standsAs,
            targetSchema: found.digest === before.digest ? 'as before the run' : 'changed',
            closeout: text.digest,
            nextStep: document.nextStep,
          },
        },
        evidence: [facts, text],
      }
    },
  })
}

async function composeCloseout(
  context: EffectContext,
  given: Input,
  before: Catalogue,
  found: Catalogue,
): Promise<MigrationCloseout> {
  const { runId, mode } = context
  const live = mode === 'live'
  const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
  const { systemIdentifier, database, version, role } = identity
  const { total, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  const { checks, failed } = await readJsonEvidence<MigrationVerification>(context, given.verificationDigest)
  // Changes of others elsewhere remain; they were not part of what was rolled back.
  const isTouchedAsBefore = scopeCatalogue(touches, found).digest === scopeCatalogue(touches, before).digest
  const isUnchanged = live ? isTouchedAsBefore : found.digest === before.digest
  const restore = await readPlannedRestore(context, given.restoredDigest)
  // Runs of earlier releases measured no distributions.
  const { schema, rows, columns, distributions = [] } = total
  return {
    runId,
    mode,
    bundle: spec.name,
    migrationSha256: spec.migration.sha256,
    target: { name: given.target, systemIdentifier, database, version, role },
    standsAs: describeState(live, given.rolledBack, isUnchanged),
    did: { schema, rows, columns },
    values: await readValues(context, given),
    distributions,
    rollbackExecuted: given.rolledBack,
    scope:
      failed.length === 0
        ? 'nothing beyond the plan'
        : 'the checks found what the plan does not say; see what failed',
    checks: {
      preflight: await readPreflight(context, given),
      verification: checks,
      failed,
    },
    sideEffects: spec.sideEffects,
    backups: await listBackups(context, given, restore),
    ...(restore === undefined ? {} : { restore }),
    rehearsalKept: given.copy,
    unauthorised: UNAUTHORISED,
    nextStep: nextStep(live, given.rolledBack),
  }
}

/** The distinct values that the transaction counted; in a dry run those of the rehearsal. */
async function readValues(context: EffectContext, given: Input): Promise<MigrationCloseout['values']> {
  const { values: rehearsed = {} } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  if (context.mode !== 'live') return rehearsed
  if (given.appliedDigest === undefined) return {}
  return (await readJsonEvidence<AppliedMigration>(context, given.appliedDigest)).values ?? {}
}

/** A live run asked the target every check once more, in the transaction that migrated. */
async function readPreflight(context: EffectContext, given: Input): Promise<CheckResult[]> {
  if (context.mode !== 'live' || given.appliedDigest === undefined)
    return readJsonEvidence<CheckResult[]>(context, given.preflightDigest)
  if (given.begunDigest !== undefined)
    return (await readJsonEvidence<{ preflight: CheckResult[] }>(context, given.begunDigest)).preflight
  return (await readJsonEvidence<AppliedMigration>(context, given.appliedDigest)).preflight
}

async function listBackups(
  context: EffectContext,
  given: Input,
  known: PlannedRestore | undefined,
): Promise<MigrationCloseout['backups']> {
  const describe = async (
    which: string,
    digest: string,
    holds: string,
  ): Promise<MigrationCloseout['backups']> => {
    const backup = await readJsonEvidence<Backup | SnapshotBackup | { none: string }>(context, digest)
    if ('none' in backup) return []
    if (isSnapshot(backup)) {
      const { takenAfter, ...instance } = backup.snapshot
      return [
        { which, snapshot: { ...instance, takenAfter: takenAfter.at }, retention: backup.retention, holds },
      ]
    }
    const { dump, retention, restore } = backup
    const { file, sha256, takenAt } = dump
    const described = { which, file, sha256, takenAt, retention, holds: describeHolding(holds, backup) }
    const isKnown =
      restore === undefined || (known !== undefined && canonicalJson(restore) === canonicalJson(known))
    return [{ ...described, ...(isKnown ? {} : { restore }) }]
  }
  const first = await describe(
    'first',
    given.backupDigest,
    'the state before the migration, and not the new one',
  )
  if (given.secondBackupDigest === undefined) return first
  const holds =
    context.mode === 'live' ? 'the migrated state' : 'the migrated state of the rehearsal database'
  return [...first, ...(await describe('second', given.secondBackupDigest, holds))]
}

function describeState(live: boolean, rolledBack: boolean, unchanged: boolean): string {
  if (!live) {
    const schema = unchanged ? 'as it was' : 'not as it was: others changed it meanwhile'
    return `rehearsed on a rehearsal database; the target was only read, and its schema is ${schema}`
  }
  if (!rolledBack) return 'migrated, verified, and backed up in its new state'
  return unchanged ? 'rolled back: the schema is the one before the migration' : 'rolled back by rollback.sql'
}

const UNAUTHORISED = [
  'any other migration, and this one on any other database',
  'the removal of the rehearsal database',
  'the removal of backups',
  'releasing whatever depends on the new schema',
]

function nextStep(live: boolean, rolledBack: boolean): string {
  if (!live) return 'start the same migration bundle in live mode; its plan needs an approval of its own'
  if (rolledBack) return 'find out why it did not verify, and freeze another migration bundle'
  return 'release what depends on the new schema; another run or a person decides on that'
}
