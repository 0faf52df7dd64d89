import type { ClientBase } from 'pg'
import type { EffectContext } from '../domain/effect.ts'
import type { Survey } from './survey.ts'

/** A database that documents are cut into, by its three logins. How it is reached stays behind this interface. */
export interface Target {
  /** As in cutter.yaml; `embedded` is the default, a rehearsal's copy is called after its run. */
  name: string
  /** From the config, or git for our own server; never from the survey that it judges. */
  expectedGrantMatrixDigest: string
  /** Everything a plan depends on, read as the reader inside `BEGIN READ ONLY … ROLLBACK`. */
  survey(context: EffectContext, document: string): Promise<{ survey: Survey; transactionId: null }>
  /** The same reading, inside a transaction that is about to write. */
  surveyWithin(sql: Sql, document: string): Promise<Survey>
  /** Named yes/no facts of who may do what, and those that are not as they must be. */
  grantFacts(context: EffectContext): Promise<{ facts: Record<string, boolean>; wrong: string[] }>
  /**
   * Work in a read-only transaction that is rolled back. Stops with STOP_MUTATION_DETECTED should the server say that it
   * assigned a transaction id, so whoever got an answer has the server's word that nothing was written.
   */
  read<T>(role: 'reader' | 'verifier', context: EffectContext, work: (sql: Sql) => Promise<T>): Promise<T>
  /** Work in one transaction. Any error but OutcomeUnknown means that nothing of it remains. */
  write<T>(role: 'executor' | 'verifier', context: EffectContext, work: (sql: Sql) => Promise<T>): Promise<T>
  /** Work in one transaction that is checked as if at commit (deferred constraints too) and then rolled back. */
  rehearse<T>(role: 'executor', context: EffectContext, work: (sql: Sql) => Promise<T>): Promise<T>
}

export type Sql = Pick<ClientBase, 'query'>

/** Rows of one document, as the reader sees them: what the narrow backup keeps and a rehearsal's copy starts from. */
export interface DocumentRows {
  units: { [column: string]: unknown }[]
  versions: { [column: string]: unknown }[]
  log: { [column: string]: unknown }[]
}

/** Copies of a target in the embedded server, one for a run, in which writes are rehearsed and really committed. */
export interface RehearsalDatabases {
  /** Makes the run's copy anew, with these rows in it. */
  create(runId: string, rows: DocumentRows): Promise<Target>
  open(runId: string): Promise<Target>
  drop(runId: string): Promise<void>
}
