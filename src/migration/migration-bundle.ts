import type { MigrationBundleFiles, MigrationBundleSpec } from './migration-bundle-spec.ts'
import type { BatchLimits, ScriptPart, ScriptParts } from './script-parts.ts'
import type { StandaloneLock } from './standalone-locks.ts'

/**
 * A migration bundle without faults, split into statements once, so that every phase uses the same bytes and statements. Saved as
 * evidence `bundle`.
 */
export interface MigrationBundle {
  spec: MigrationBundleSpec
  /** The texts of the files, and their SHA-256. */
  texts: MigrationBundleFiles
  digests: { [file: string]: string }
  /** migration.sql up to the first statement that can't run in a transaction; without one, the complete file, byte for byte. */
  script: string
  /** The statements that run one by one after the transaction. */
  alone: { number: number; text: string }[]
  /** Of a script with statements outside of the transaction elsewhere than at its end, or with batches. Then `alone` is empty. */
  parts?: ScriptParts
  rollbackScript: string
  /** Of a rollback with statements outside of a transaction, or with batches. */
  rollbackParts?: ScriptPart[]
  preflight: string[]
  verify: string[]
  distributions: { name: string; sql: string }[]
  statements: StatementFacts[]
  rollback: StatementFacts[]
}

/** A statement as the plan shows it. `number` and `line` count from 1. */
interface StatementFacts {
  number: number
  line: number
  kind: string
  sha256: string
  transactional: boolean
  /** Of a statement outside of the transaction. Bundles of earlier versions have none. */
  documentedLocks?: StandaloneLock[]
  /** Of a statement that is repeated in batches. */
  batches?: BatchLimits
}

/** Whether everything that a bundle does is one transaction. */
export const isOneTransaction = ({ alone, parts }: Pick<MigrationBundle, 'alone' | 'parts'>): boolean =>
  alone.length === 0 && parts === undefined

/** Whether statements run before the first transaction. */
export const beginsOutside = ({ parts }: Pick<MigrationBundle, 'parts'>): boolean =>
  parts !== undefined && parts.before.length > 0
