import type { Json } from '../../domain/json.ts'
import type { CataloguePatch, SchemaDifference } from '../../migration/catalogue.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import type { CheckReach } from './check-reach.ts'
import type { MeasuredStatement } from './measure-statements.ts'
import type { CheckResult } from './migration-checks.ts'
import type { DistinctValues } from './row-changes.ts'

/** What a rehearsal measured. The migration itself must have the same outcome. Saved as evidence `rehearsal`. */
export interface RehearsalResult {
  place: { name: string; versionNumber: number }
  /** The outcome of the transaction. */
  inside: MigrationOutcome
  /** The statements that ran after it, each outside of a transaction. */
  alone: StandaloneOutcome[]
  /** What ran before the first transaction, and what ran after it, where a script has such parts. Then `alone` is empty. */
  parts?: { before: PartOutcome[]; first: PartOutcome; after: PartOutcome[] }
  /** The outcome of both together: equal to `inside` where `alone` is empty. */
  total: MigrationOutcome
  /** Distinct values of the changed columns. Earlier versions did not count them. */
  values?: DistinctValues
  /** Relations and schemas that migration and rollback touch. Changes elsewhere in the database do not concern them. */
  touches: string[]
  preflight: CheckResult[]
  verify: CheckResult[]
  /** What each check reaches, which decides where it is asked. Earlier versions did not find it out. */
  reaches?: CheckReaches
  /** What rollback.sql did, tried in a transaction that was rolled back. */
  rollback: TriedRollback
  /** What each statement of the transaction did, and each of the rollback; null where it could not be tried alone. Earlier versions did not measure it. */
  measured?: {
    migration: MeasuredStatement[] | null
    alone: Pick<MeasuredStatement, 'number' | 'milliseconds'>[]
    rollback: MeasuredStatement[] | null
  }
  /** Objects of the source that the rehearsal database lacks, because only a superuser can create them. */
  leftOut?: string[]
  /**
   * Objects whose definition the server wrote otherwise in the rehearsal database than in the source, although it means the same. Null,
   * or their facts after the transaction where it changed them, to be compared one by one.
   */
  apart?: { [name: string]: Json }
  /** The differences from the source that bundle.yaml accepts: `index public.unit_title is missing`. */
  deviations?: string[]
}

/** What the checks of a migration bundle reach, in the order of their statements. */
export interface CheckReaches {
  /** In the database as it was backed up. */
  preflight: CheckReach[]
  /** In the migrated database. */
  verify: CheckReach[]
  distributions: CheckReach[]
  /** Of the database as it was backed up: see `digestCallDefinitions`. */
  calls: string
}

interface TriedRollback {
  schema: SchemaDifference
  /** How the schema differs from before the migration once both have run. */
  leaves: SchemaDifference
  /** Of a rollback with statements outside of a transaction: what each part did. */
  parts?: PartOutcome[]
  /** Of the catalogue after the rollback, scoped to what is touched. */
  catalogueDigest: string
}

/** What a statement did that can't run in a transaction. */
export interface StandaloneOutcome {
  /** Of the statement, from 1. */
  number: number
  schema: SchemaDifference
  /** The digest of each object that the statement adds or changes, by which a probe recognises that it ran. */
  objects: { [name: string]: string }
}

/** What a part of a script did in the rehearsal. */
export interface PartOutcome {
  /** The number of its first statement. */
  place: number
  /** Of a statement outside of a transaction. */
  alone?: StandaloneOutcome
  /** Of a transaction, and of all batches together. */
  outcome?: MigrationOutcome
  /** Relations and schemas. */
  touched: string[]
  patch: CataloguePatch
}

/** The relations and schemas on which the plan depends: those that the scripts touch, and those that the checks before read. */
export const relationsOf = ({ touches, reaches }: Pick<RehearsalResult, 'touches' | 'reaches'>): string[] => [
  ...touches,
  ...(reaches?.preflight.flatMap(({ reads }) => reads) ?? []),
]
