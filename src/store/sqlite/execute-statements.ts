import type { Database } from 'better-sqlite3'
import { type PackedSteps, unpackSteps } from './pack-steps.ts'
import type { Statements } from './statements.ts'
import type { StepRow } from './step-row.ts'
import { type StepStatement, stepStatements } from './step-statements.ts'

/** What came of one step: null when it was saved, else why not: as the write says that was refused, or as SQLite says. */
export type StepOutcome = null | Pick<StepStatement, 'must' | 'refusal'> | { code: string; message: string }

class Refused extends Error {
  readonly write: StepStatement
  constructor(write: StepStatement) {
    super('refused')
    this.write = write
  }
}

/** Saves steps, many in one transaction. */
export function createStepExecutor(db: Database, sql: Statements): (rows: PackedSteps) => StepOutcome[] {
  const save = (row: StepRow) => {
    for (const write of stepStatements(row)) if (!holds(sql, write)) throw new Refused(write)
  }
  const alone = db.transaction(save)
  const together = db.transaction((rows: StepRow[]) => {
    for (const row of rows) save(row)
  })
  const outcomeOf = (row: StepRow): StepOutcome => {
    try {
      alone.immediate(row)
      return null
    } catch (error) {
      return outcomeOfError(error)
    }
  }

  // All in one transaction, and, should one of them be refused, each in its own: a refused step leaves its neighbours alone.
  // (A savepoint round each would do the same, and cost more than all the statements in it.)
  return (packed) => {
    const rows = unpackSteps(packed)
    if (rows.length === 1) return [outcomeOf(rows[0]!)]
    try {
      together.immediate(rows)
      return rows.map(() => null)
    } catch (error) {
      if (error instanceof Refused || isConstraint(error)) return rows.map(outcomeOf)
      return rows.map(() => outcomeOfError(error))
    }
  }
}

function holds(sql: Statements, { statement, values, must }: StepStatement): boolean {
  if (must === 'find-nothing') return sql[statement].get(values) === undefined
  const { changes } = sql[statement].run(values)
  return must === null || changes === 1
}

const isConstraint = (error: unknown) =>
  String((error as { code?: unknown }).code).startsWith('SQLITE_CONSTRAINT')

function outcomeOfError(error: unknown): StepOutcome {
  if (error instanceof Refused) return { must: error.write.must, refusal: error.write.refusal }
  const { code, message } = error as { code?: unknown; message: string }
  // Not SQLite's: a mistake of ours.
  if (typeof code !== 'string') throw error
  return { code, message }
}
