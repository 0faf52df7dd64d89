import type { Database } from 'better-sqlite3'
import { type PackedSteps, unpackSteps } from './pack-steps.ts'
import type { SingleStatement } from './single-writes.ts'
import type { Statements } from './statements.ts'
import type { StepRow } from './step-row.ts'
import { type StepStatement, stepStatements } from './step-statements.ts'

type Failure = { code: string; message: string }
/** The outcome of a step: null when it was saved, else the refusal of a statement, or the error of SQLite. */
export type StepOutcome = null | Pick<StepStatement, 'must' | 'refusal'> | Failure
/** The outcome of a write that belongs to no step: whether it changed anything, or the error of SQLite. */
export type SingleOutcome = boolean | Failure

/** What one transaction saves. `mayBeLost`: a loss of power may take all of it back. */
export interface Batch {
  steps: PackedSteps
  singles: SingleStatement[]
  mayBeLost: boolean
}

export interface BatchOutcomes {
  steps: StepOutcome[]
  singles: SingleOutcome[]
}

class StepRefused extends Error {
  readonly statement: StepStatement
  constructor(statement: StepStatement) {
    super('refused')
    this.statement = statement
  }
}

/**
 * Makes the function that saves a batch in one transaction. When a part of it is refused, it saves each part in a transaction of its own, so
 * that a refused one does not affect the others. A savepoint around each part would do the same, and cost more than all of its statements.
 */
export function createExecutor(db: Database, sql: Statements): (batch: Batch) => BatchOutcomes {
  const save = (row: StepRow): null => {
    for (const statement of stepStatements(row))
      if (!execute(sql, statement)) throw new StepRefused(statement)
    return null
  }
  const write = ({ statement, values, also = [] }: SingleStatement) => {
    const { changes } = sql[statement].run(values)
    for (const one of also) sql[one.statement].run(one.values)
    return changes > 0
  }
  const alone = db.transaction((work: () => null | boolean) => work())
  const together = db.transaction((rows: StepRow[], singles: SingleStatement[]) => ({
    steps: rows.map(save),
    singles: singles.map(write),
  }))
  const outcomeOf = <Outcome extends null | boolean>(work: () => Outcome): Outcome | StepOutcome => {
    try {
      return alone.immediate(work) as Outcome
    } catch (error) {
      return outcomeOfError(error)
    }
  }
  const each = (rows: StepRow[], singles: SingleStatement[]): BatchOutcomes => ({
    steps: rows.map((row) => outcomeOf(() => save(row)) as StepOutcome),
    singles: singles.map((single) => outcomeOf(() => write(single)) as SingleOutcome),
  })
  const saveBatch = ({ steps, singles }: Batch): BatchOutcomes => {
    const rows = unpackSteps(steps)
    if (rows.length + singles.length === 1) return each(rows, singles)
    try {
      return together.immediate(rows, singles)
    } catch (error) {
      if (error instanceof StepRefused || isConstraint(error)) return each(rows, singles)
      const outcome = outcomeOfError(error) as Failure
      return { steps: rows.map(() => outcome), singles: singles.map(() => outcome) }
    }
  }
  return (batch) => (batch.mayBeLost ? withoutSync(db, () => saveBatch(batch)) : saveBatch(batch))
}

/**
 * Commits without waiting for the disk. The journal is one sequence, so the next commit that waits makes these durable too, and SQLite syncs the
 * journal before it moves pages to the file.
 */
function withoutSync<Result>(db: Database, commit: () => Result): Result {
  // Not `db.pragma`: SQLite sets this while it parses, so each time needs a statement of its own, and `connect` keeps statements.
  db.exec('pragma synchronous = normal')
  try {
    return commit()
  } finally {
    db.exec('pragma synchronous = full')
  }
}

/** Whether the result is what the statement must have. */
function execute(sql: Statements, { statement, values, must, otherwise }: StepStatement): boolean {
  if (must === 'find-nothing') return sql[statement].get(values) === undefined
  const { changes } = sql[statement].run(values)
  if (must === null || changes === 1) return true
  return otherwise !== undefined && execute(sql, otherwise)
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
