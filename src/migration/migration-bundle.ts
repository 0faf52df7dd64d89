import type { MigrationBundleFiles, MigrationBundleSpec } from './migration-bundle-spec.ts'
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
  rollbackScript: string
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
}
