import type { ClientBase } from 'pg'
import type { EffectContext } from '../domain/effect.ts'
import type { Named, Survey } from './survey.ts'

/**
 * The caller of a target: the run whose name the connection gets, the signal that aborts its statements, and the deadline after which the
 * server ends them by itself.
 */
export type TargetCaller = Pick<EffectContext, 'runId' | 'signal'> &
  Partial<Pick<EffectContext, 'deadline' | 'now'>>

/** The caller of a transaction that writes. Its token goes first in, so that a process whose run was taken over writes nothing. */
export type TargetWriter = TargetCaller & Pick<EffectContext, 'token'>

/** A database into which documents are cut, with its three logins. This interface hides the way to it. */
export interface Target {
  /** The name in cutter.yaml; `embedded` is the default. A rehearsal database has the name of its run. */
  name: string
  /** From the config, or from this code for the embedded server; never from the survey that it is compared with. */
  expectedGrantMatrixDigest: string
  /**
   * Reads everything that a plan depends on, as the reader, in a read-only transaction.
   *
   * @throws Stop STOP_TARGET_REFUSED when the database does not have Cutter's schema.
   */
  survey(context: TargetCaller, document: string): Promise<{ survey: Survey; transactionId: null }>
  /** Reads the same inside of a transaction that is about to write. */
  surveyWithin(sql: Sql, document: string): Promise<Survey>
  /** Reads what can refuse a write besides the surface: indexes, and triggers of the table of tokens. */
  otherGuards(context: TargetCaller): Promise<Named[]>
  /** Reads the grants as named facts, and describes those (`wrong`) that are not as expected. */
  grantFacts(context: TargetCaller): Promise<{ facts: Record<string, boolean>; wrong: string[] }>
  /**
   * Runs work in a read-only transaction that is rolled back.
   *
   * @throws Stop STOP_MUTATION_DETECTED when the server assigned a transaction id. So each answer proves that nothing was written.
   */
  read<T>(role: 'reader' | 'verifier', context: TargetCaller, work: (sql: Sql) => Promise<T>): Promise<T>
  /**
   * Runs work in one transaction. Every error except OutcomeUnknown means that nothing was committed.
   * @throws STOP_FENCED when the target has seen a higher token of the run
   */
  write<T>(role: 'executor' | 'verifier', context: TargetWriter, work: (sql: Sql) => Promise<T>): Promise<T>
  /** Runs work in one transaction that is checked as at commit (deferred constraints too) and then rolled back. */
  rehearse<T>(role: 'executor', context: TargetWriter, work: (sql: Sql) => Promise<T>): Promise<T>
}

/** The part of a connection that runs statements. */
export type Sql = Pick<ClientBase, 'query'>

/** Rows of one document, as the reader sees them. The narrow backup keeps them, and a rehearsal database starts with them. */
export interface DocumentRows {
  units: { [column: string]: unknown }[]
  versions: { [column: string]: unknown }[]
  log: { [column: string]: unknown }[]
}

/** Rehearsal databases in the embedded server, one for each run. Writes are rehearsed there and really committed. */
export interface RehearsalDatabases {
  /** Creates the run's rehearsal database with these rows. An existing one is replaced. */
  create(runId: string, rows: DocumentRows): Promise<Target>
  open(runId: string): Promise<Target>
  drop(runId: string): Promise<void>
}
