import type { Json } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import { type Catalogue, scopeCatalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { ScriptPart, ScriptParts } from '../../migration/script-parts.ts'
import type { ConfiguredTool } from '../../targets/postgres/database-dumps.ts'
import type { ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { SquawkReport } from '../../targets/system/squawk.ts'
import { lockBoundOf } from './lock-bound.ts'
import type { MeasuredStatement } from './measure-statements.ts'
import { type PlannedCheck, planVerification } from './planned-checks.ts'
import type { PlannedRestore } from './planned-restore.ts'
import type { RehearsalResult } from './rehearsal-result.ts'
import type { ComparedSnapshot } from './snapshot-backup.ts'

/**
 * Makes the plan that gate SG1 approves. It has no run id, time or hash of a backup, so that the same migration bundle on the same
 * schema of the same server, with the same result of the rehearsal, has the same digest.
 */
export function planMigration(given: {
  machineVersion: string
  mode: Mode
  bundle: MigrationBundle
  identity: ServerIdentity
  /** Scoped to what the rehearsal touched. */
  catalogue: Catalogue
  rehearsal: RehearsalResult
  /** How the target was asked the preflight checks, and as which login. */
  asked: { login: string; planned: PlannedCheck[] }
  lint: SquawkReport
  /** The programs for backups that cutter.yaml names. The plan has them only where there are some. */
  tools: ConfiguredTool[]
  /** Whether the target has a history of migrations. */
  history: boolean
  /** How the instance of a provider's snapshot was compared; null where the backup is a dump. */
  snapshot: ComparedSnapshot | null
  /** What pg_restore alone can't restore of the backup; left out where it can. */
  restore?: PlannedRestore | undefined
}): { [key: string]: Json } {
  const { machineVersion, mode, bundle, identity, catalogue, rehearsal, asked, lint, tools, history } = given
  const { snapshot, restore } = given
  const { spec } = bundle
  return plain({
    type: 'cutter.plan.migrate/v1',
    machineVersion,
    mode,
    bundle: {
      name: spec.name,
      files: bundle.digests,
      ...(spec.series === undefined ? {} : { series: spec.series }),
    },
    target: targetOf(identity),
    dependsOn: { schema: catalogue.digest, touches: rehearsal.touches },
    procedure: procedureOf(bundle, snapshot),
    ...(bundle.parts === undefined ? {} : { parts: plannedParts(orderedParts(bundle.parts)) }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(history ? { history: HISTORY } : {}),
    ...(snapshot === null ? {} : { backup: { by: 'snapshot', otherThanTarget: snapshot.otherThanTarget } }),
    ...(restore === undefined ? {} : { restore }),
    migration: {
      file: spec.migration.file,
      sha256: spec.migration.sha256,
      text: bundle.texts[spec.migration.file]!,
      statements: withWork(bundle.statements, rehearsal.measured?.migration),
    },
    checks: {
      preflight: { file: spec.preflight, checks: bundle.preflight.length },
      verify: { file: spec.verify, checks: bundle.verify.length },
    },
    checksOnTarget: [
      ...asked.planned,
      ...planVerification(bundle, rehearsal.reaches, { login: asked.login, owner: identity.role }),
    ],
    expect: spec.expect,
    sideEffects: spec.sideEffects,
    rehearsed: {
      ...{ inside: rehearsal.inside, alone: rehearsal.alone, total: rehearsal.total },
      ...(rehearsal.parts === undefined ? {} : { parts: outcomesOf(rehearsal.parts) }),
    },
    ...(rehearsal.leftOut === undefined ? {} : { notRehearsedWith: rehearsal.leftOut }),
    ...(rehearsal.deviations === undefined ? {} : { deviations: rehearsal.deviations }),
    limits: {
      lockTimeoutSeconds: spec.lockTimeoutSeconds,
      statementTimeoutSeconds: spec.statementTimeoutSeconds,
      ...retriesOf(spec),
      backupMaxAgeMinutes: spec.backupMaxAgeMinutes,
      lockedAtMostSeconds: lockBoundOf(bundle),
    },
    lint,
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that migrates',
      afterCommit: `${spec.rollback}, under a second approval (SG2)`,
      file: spec.rollback,
      sha256: bundle.digests[spec.rollback]!,
      text: bundle.rollbackScript,
      statements: withWork(bundle.rollback, rehearsal.measured?.rollback),
      ...rollbackPartsOf(bundle),
      leaves: rehearsal.rollback.leaves,
    },
  })
}

const HISTORY = 'a row in cutter_migrations.history, in the same transaction; a rollback marks it'

const PROCEDURE = [
  'a backup older than its limit is taken, restored and compared again',
  'one transaction, under the lock and statement timeouts and an advisory lock',
  'in it: identity, SHA-256, catalogue and every preflight check are checked again, as the owner',
  'the script, byte for byte',
  'in it: the transaction’s id, schema, rows, columns, distributions and verification are compared with rehearsal and expectations',
  'commit only if nothing differs; otherwise ROLLBACK',
  'declared statements one by one, outside of a transaction',
  'verification in a fresh session; a failure leads to gate SG2',
  'a second backup, restored and compared',
]

/** The same with snapshots of the provider. */
const SNAPSHOT_PROCEDURE = [
  'a snapshot older than its limit is replaced by another, whose restored instance is compared again',
  ...PROCEDURE.slice(1, -1),
  'a snapshot of the migrated target, whose restored instance is compared',
]

/** In place of what a script of one transaction has after its first line of a procedure. */
const PARTS_PROCEDURE = [
  'the parts of the script in the order of `parts`; each begins only with the schema that the parts before it had in the rehearsal',
  'before the first part: every preflight check, as the owner',
  'a transaction: under the lock and statement timeouts and an advisory lock; its schema, rows and columns are compared with the rehearsal; commit only if nothing differs, otherwise ROLLBACK',
  'a statement outside of a transaction: alone; what it added, removed and changed is compared with the rehearsal',
  'batches: each in a transaction of its own, until one changes no row; the rows of all are compared with the rehearsal',
  'a part that fails after the first transaction leads to gate SG2, with what ran before it in place',
]

function procedureOf({ parts }: MigrationBundle, snapshot: ComparedSnapshot | null): string[] {
  const plain = snapshot === null ? PROCEDURE : SNAPSHOT_PROCEDURE
  return parts === undefined ? plain : [plain[0]!, ...PARTS_PROCEDURE, ...plain.slice(-2)]
}

/** The parts of a script, in the order in which they run. */
const plannedParts = (parts: ScriptPart[]) =>
  parts.map((part) =>
    part.how === 'transaction'
      ? { how: part.how, statements: part.numbers }
      : part.how === 'alone'
        ? { how: part.how, statements: [part.number] }
        : {
            ...{ how: part.how, statements: [part.number] },
            ...{ rows: part.rows, atMost: part.atMost, pauseSeconds: part.pauseSeconds },
          },
  )

const rollbackPartsOf = ({ rollbackParts }: MigrationBundle) =>
  rollbackParts === undefined ? {} : { parts: plannedParts(rollbackParts) }

const orderedParts = ({ before, first, after }: ScriptParts) => [...before, first, ...after]

const outcomesOf = ({ before, first, after }: NonNullable<RehearsalResult['parts']>) =>
  [...before, first, ...after].map(({ place, alone, outcome }) => ({ place, alone, outcome }))

/** Makes the plan that gate SG2 approves, after the verification of a committed migration has failed. */
export function planMigrationRollback(given: {
  machineVersion: string
  mode: Mode
  bundle: MigrationBundle
  identity: ServerIdentity
  committed: Catalogue
  rehearsal: RehearsalResult
  failed: string[]
}): { [key: string]: Json } {
  const { machineVersion, mode, bundle, identity, committed, rehearsal, failed } = given
  const { spec } = bundle
  return plain({
    type: 'cutter.plan.migrate-rollback/v1',
    machineVersion,
    mode,
    bundle: { name: spec.name, files: bundle.digests },
    target: targetOf(identity),
    dependsOn: { schema: scopeCatalogue(rehearsal.touches, committed).digest, touches: rehearsal.touches },
    because: failed,
    rollback: {
      file: spec.rollback,
      sha256: bundle.digests[spec.rollback]!,
      text: bundle.rollbackScript,
      statements: withWork(bundle.rollback, rehearsal.measured?.rollback),
      ...rollbackPartsOf(bundle),
    },
    rehearsed: rehearsal.rollback,
    limits: {
      lockTimeoutSeconds: spec.lockTimeoutSeconds,
      statementTimeoutSeconds: spec.statementTimeoutSeconds,
      ...retriesOf(spec),
    },
  })
}

/** A plan has them only where bundle.yaml does, so that other plans keep their digests. */
const retriesOf = ({ lockRetrySeconds }: MigrationBundle['spec']) =>
  lockRetrySeconds === undefined ? {} : { lockRetrySeconds }

/**
 * Adds what each statement locks, rewrites and changes. Its time and the rows that it reads are no part of a plan, because they differ
 * from one rehearsal to the next; the evidence `rehearsal` has them.
 */
const withWork = (statements: MigrationBundle['statements'], measured?: MeasuredStatement[] | null) =>
  statements.map((statement) => {
    const work = measured?.find(({ number }) => number === statement.number)
    return work === undefined
      ? statement
      : { ...statement, locks: work.locks, rewrites: work.rewrites, rows: work.rows }
  })

const targetOf = ({ systemIdentifier, database, versionNumber, role }: ServerIdentity) => ({
  systemIdentifier,
  database,
  serverVersion: versionNumber,
  role,
})

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as { [key: string]: Json }
