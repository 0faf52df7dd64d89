import { sha256 } from '../domain/json.ts'
import {
  count,
  duration,
  fenced,
  join,
  type Markdown,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  points,
  type Shown,
  table,
} from '../domain/markdown.ts'
import { statementWords } from '../domain/statement-words.ts'
import type { PlannedPart, PlannedScript, PlannedStatement } from './migration-plan-schema.ts'
import type { PlanReading } from './plan-reading.ts'
import { FEW_UNITS } from './units-section.ts'

/** What is known of a statement besides the plan. */
interface Measured {
  number: number
  milliseconds: number
  scanned?: { [relation: string]: number }
}

/** What other sessions can do while a lock is held: https://www.postgresql.org/docs/current/explicit-locking.html */
const MEANING: { [mode: string]: string } = {
  AccessShareLock: 'others can read and write; they can’t drop or alter it',
  RowShareLock: 'others can read and write; they can’t alter it',
  RowExclusiveLock: 'others can read and write other rows; they can’t build an index or alter it',
  ShareUpdateExclusiveLock: 'others can read and write; they can’t alter, analyze or vacuum it',
  ShareLock: 'others can read and not write',
  ShareRowExclusiveLock: 'others can read and not write',
  ExclusiveLock: 'others can only read',
  AccessExclusiveLock: 'others can neither read nor write',
}

/** A script in full, and what each of its statements locks, rewrites, reads and changes. */
export function scriptLines(
  reading: Pick<PlanReading, 'files' | 'page' | 'pageSize'>,
  script: PlannedScript,
  measured: Measured[],
): MarkdownLine[] {
  return [
    md`## ${script.file}`,
    '',
    ...textLines(reading, script),
    ...(script.parts === undefined
      ? []
      : [
          ...paragraph(md`It runs in this order. What ran before a part that fails **remains**.`),
          ...partTable(script.parts),
        ]),
    ...statementLines(reading, script, measured),
  ]
}

/** The parts of a script in their order, with the bounds of batches. */
export const partTable = (parts: PlannedPart[]): MarkdownLine[] =>
  table(
    ['part', 'statements', 'how'],
    parts.map((part, at) => [String(at + 1), statementsWords(part.statements), howWords(part)]),
  )

const statementsWords = (numbers: number[]) =>
  numbers.length < 2 ? numbers.join('') : `${numbers[0]} to ${numbers.at(-1)}`

function howWords({ how, rows = 0, atMost = 0, pauseSeconds = 0 }: PlannedPart): Markdown {
  if (how === 'transaction') return md`in one transaction`
  if (how === 'alone') return md`outside of a transaction`
  const pause = pauseSeconds === 0 ? md`` : md`, ${pauseSeconds} s apart`
  return md`repeated until no row changes, at most ${count(atMost)} times: each at most ${plural(rows, 'row')} of a table, in a transaction of its own${pause}`
}

/** A file of the bundle in full. Its digest must be the planned one, because the plan holds the digest alone. */
export function fileLines(
  { files }: Pick<PlanReading, 'files'>,
  file: string,
  digest: string | undefined,
): MarkdownLine[] {
  return [md`## ${file}`, '', ...textLines({ files }, { file, sha256: digest ?? '' })]
}

function textLines(
  { files }: Pick<PlanReading, 'files'>,
  { file, sha256: digest, text }: Pick<PlannedScript, 'file' | 'sha256' | 'text'>,
): MarkdownLine[] {
  const found = text ?? files?.[file]
  if (found === undefined) return paragraph(md`Its text is not at hand; its SHA-256 is ${nameSpan(digest)}.`)
  if (sha256(found) !== digest)
    return paragraph(
      md`The text at hand has not the planned SHA-256 ${nameSpan(digest)}, so it is not shown.`,
    )
  return [
    ...fenced(found.replace(/\n$/, '').split('\n'), 'sql'),
    '',
    ...paragraph(md`SHA-256 ${nameSpan(digest)}`),
  ]
}

function statementLines(
  { page, pageSize }: Pick<PlanReading, 'page' | 'pageSize'>,
  { statements }: PlannedScript,
  measured: Measured[],
): MarkdownLine[] {
  const from = page === null ? 0 : (page - 1) * pageSize
  const shown = statements.slice(from, page === null ? FEW_UNITS : from + pageSize)
  const left = statements.length - shown.length
  const known = new Map(measured.map((one) => [one.number, one]))
  const modes = [...new Set(shown.flatMap(locksOf).map(([, mode]) => mode))]
  return [
    ...table(
      ['statement', 'line', 'locks', 'rewrites and scans', 'rows', 'time'],
      shown.map((statement) => {
        const one = known.get(statement.number)
        return [
          md`${statement.number} ${statementWords(statement.kind)}${statement.batches === undefined ? '' : ' (one batch)'}`,
          count(statement.line),
          lockCell(statement),
          workCell(statement, one),
          rowsCell(statement),
          one === undefined ? '–' : duration(one.milliseconds),
        ]
      }),
    ),
    ...(left > 0
      ? paragraph(
          md`${count(shown.length)} of ${count(statements.length)} statements; ${nameSpan('--page')} N lists the others.`,
        )
      : []),
    ...(statements.some(({ locks }) => locks !== undefined)
      ? paragraph(
          md`Measured on the rehearsal database, statement by statement. A statement lists the locks that it takes first or makes stronger; all are held until the commit.`,
        )
      : paragraph(md`The locks of the statements were not measured.`)),
    ...points(
      modes.map((mode) => md`${nameSpan(mode)}: ${MEANING[mode] ?? 'see the documentation of PostgreSQL'}`),
    ),
    '',
  ]
}

const locksOf = ({
  locks = {},
  documentedLocks = [],
  transactional,
}: PlannedStatement): [relation: string, mode: string][] =>
  transactional ? Object.entries(locks) : documentedLocks.map(({ mode, on }) => [on, mode])

function lockCell(statement: PlannedStatement): Shown {
  if (!statement.transactional) return lockAloneCell(statement)
  if (statement.locks === undefined) return '–'
  const locks = locksOf(statement)
  return locks.length === 0
    ? 'no new one'
    : locks.map(([relation, mode]) => md`${nameSpan(mode)} on ${nameSpan(relation)}`)
}

/** What PostgreSQL documents, because outside of a transaction nothing could be measured and rolled back. */
function lockAloneCell({ documentedLocks }: PlannedStatement): Shown {
  const alone = md`runs alone, outside of a transaction`
  // A plan of an earlier version.
  if (documentedLocks === undefined) return md`${alone}; its lock is not in the plan`
  if (documentedLocks.length === 0) return md`${alone}; locks no table`
  return [alone, ...documentedLocks.map(({ mode, on }) => md`${nameSpan(mode)} on ${on}, as documented`)]
}

function workCell({ rewrites = [], rows }: PlannedStatement, measured: Measured | undefined): Shown {
  const scans = Object.entries(measured?.scanned ?? {})
  const parts: Markdown[] = [
    ...rewrites.map((relation) => md`**rewrites** ${nameSpan(relation)}`),
    ...scans.map(([relation, read]) => md`reads ${plural(read, 'row')} of ${nameSpan(relation)}`),
  ]
  if (parts.length > 0) return join(parts, '; ')
  return rows === undefined ? '–' : 'neither'
}

function rowsCell({ rows }: PlannedStatement): Shown {
  const entries = Object.entries(rows ?? {})
  if (entries.length === 0) return rows === undefined ? '–' : 'none'
  return join(
    entries.map(([relation, changes]) => md`${nameSpan(relation)}: ${changeWords(changes)}`),
    '; ',
  )
}

/** Changed rows as words, such as `86 updated`. */
function changeWords(changes: { inserted: number; updated: number; deleted: number }): Markdown {
  const words = (['inserted', 'updated', 'deleted'] as const)
    .filter((how) => changes[how] > 0)
    .map((how) => md`${count(changes[how])} ${how}`)
  return words.length === 0 ? md`none` : join(words, ', ')
}
