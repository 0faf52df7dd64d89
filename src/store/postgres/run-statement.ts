import type { Row } from '../sqlite/row.ts'
import type { Query } from './connections.ts'
import { numbered, type Statement, type StatementName, statementOf } from './statements.ts'

type Values = { [parameter: string]: unknown }

/** Runs the statements of the store by their names. */
export interface Sql {
  all(statement: StatementName, values?: Values): Promise<Row[]>
  get(statement: StatementName, values?: Values): Promise<Row | null>
  /** How many rows it changed. */
  run(statement: StatementName, values?: Values): Promise<number>
  /** A statement that has no name, with named parameters. */
  rows(text: string, values: Values): Promise<Row[]>
}

/** Runs statements by `query`: of a session’s transaction, or each for itself. */
export function runStatements(query: Query): Sql {
  const ask = ({ text, bind }: Statement, values: Values = {}) => query(text, bind(values))
  return {
    all: async (name, values) => (await ask(statementOf(name), values)).rows,
    get: async (name, values) => (await ask(statementOf(name), values)).rows[0] ?? null,
    run: async (name, values) => (await ask(statementOf(name), values)).changes,
    rows: async (text, values) => (await ask(numbered(text), values)).rows,
  }
}
