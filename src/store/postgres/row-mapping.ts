import type { Run } from '../../domain/run.ts'
import type { Row } from '../sqlite/row.ts'
import { readRunRow as readRow } from '../sqlite/row-mapping.ts'

/**
 * Reads the row of a run, and checks it as the other driver does. `pg` reads a bigint as text, because numbers of JavaScript end before it does.
 * @throws STORE_TAMPERED
 */
export const readRunRow = (row: Row): Run => readRow({ ...row, worked_ms: Number(row.worked_ms) })
