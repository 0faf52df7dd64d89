import type { Database } from 'better-sqlite3'
import { type PackedSteps, unpackSteps } from './pack-steps.ts'
import type { Statements } from './statements.ts'
import type { StepRow } from './step-row.ts'
import { type StepStatement, stepStatements } from './step-statements.ts'

/** The outcome of a step: null when it was saved, else the refusal of a statement, or the error of SQLite. */
export type StepOutcome = null | Pick<StepStatement, 'must' | 'refusal'> | { code: string; message: string }

class StepRefused extends Error {
  readonly statement: StepStatement
  constructor(statement: StepStatement) {
    super('refused')
    this.statement = statement
  }
}

/**
 * Makes the function that saves steps. It saves many in one transaction. When one of them is refused, it saves each in a
 * transaction of its own, so that a refused step does not affect the others. A savepoint around each step would do the same, and
 * cost more than all of its statements.
 */
export function createStepExecutor(db: Database, sql: Statements): (steps: PackedSteps) => StepOutcome[] {
  const save = (row: StepRow) => {
    for (const statement of stepStatements(row))
      if (!execute(sql, statement)) throw new StepRefused(statement)
  }
  const saveOne = db.transaction(save)
  const saveTogether = db.transaction((rows: StepRow[]) => {
    for (const row of rows) save(row)
  })
  const outcomeOf = (row: StepRow): StepOutcome => {
    try {
      saveOne.immediate(row)
      return null
    } catch (error) {
      return outcomeOfError(error)
    }
  }
  return (steps) => {
    const rows = unpackSteps(steps)
    if (rows.length === 1) return [outcomeOf(rows[0]!)]
    try {
      saveTogether.immediate(rows)
      return rows.map(() => null)
    } catch (error) {
      if (error instanceof StepRefused || isConstraint(error)) return rows.map(outcomeOf)
      return rows.map(() => outcomeOfError(error))
    }
  }
}

/** Whether the result is what the statement must have. */
function execute(sql: Statements, { statement, values, must }: StepStatement): boolean {
  if (must === 'find-nothing') return sql[statement].get(values) === undefined
  const { changes } = sql[statement].run(values)
  return must === null || changes === 1
}

const isConstraint = (error: unknown) =>
  String((error as { code?: unknown }).code).startsWith('SQLITE_CONSTRAINT')

function outcomeOfError(error: unknown): StepOutcome {
  if (error instanceof StepRefused) return { must: error.statement.must, refusal: error.statement.refusal }
  const { code, message } = error as { code?: unknown; message: string }
  // An error without a code is not from SQLite: it is a defect of Cutter.
  if (typeof code !== 'string') throw error
  return { code, message }
}
