import { functionsIn } from './restore-needs.ts'

/** What a restore without power leaves out, by pg_dump's word for its kind and its name there. */
export interface LeftOut {
  kind: string
  name: string
}

/** What pg_restore reported. */
export interface RestoreFaults {
  leftOut: LeftOut[]
  /** The names of materialized views that could not be filled, because privileges or a search path were missing. */
  unfilled: string[]
  /** Definitions that failed for another reason. */
  failed: FailedDefinition[]
  /** Tables whose rows the server rejected, so that they are empty. */
  unfilledTables: UnfilledTable[]
  faults: string[]
}

export const NO_FAULTS: RestoreFaults = {
  leftOut: [],
  unfilled: [],
  failed: [],
  unfilledTables: [],
  faults: [],
}

/** A table whose rows pg_restore could not copy. */
export interface UnfilledTable {
  /** Without its schema, as pg_restore names it. */
  table: string
  error: string
}

/** A definition that pg_restore could not run. */
export interface FailedDefinition {
  /** By pg_dump's word for its kind and its name there, such as `INDEX x_n`. */
  title: string
  errors: string[]
  /** The functions in which the server met the error. */
  functions?: string[]
}

/** pg_restore's words for what only a superuser can create. */
const POWERFUL = [
  'ACCESS METHOD',
  'CAST',
  'EVENT TRIGGER',
  'FOREIGN DATA WRAPPER',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'PROCEDURAL LANGUAGE',
  'PUBLICATION',
  'PUBLICATION TABLES IN SCHEMA',
  'SECURITY LABEL',
  'SERVER',
  'SHELL TYPE',
  'SUBSCRIPTION',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'TRANSFORM',
  'TYPE',
  'USER MAPPING',
]

/** What only a superuser can create in some cases: in the languages C and internal, or leakproof. */
const POWERFUL_CODE = ['AGGREGATE', 'FUNCTION', 'PROCEDURE']

/** The server's reasons: what it denies for lack of power, in messages whose locale is C. */
const DENIAL =
  /superuser|permission denied (?:for language|to create|to set|for foreign)|must be owner of type .* or type /

/** The most characters of pg_restore's output that are read: a line for each object, and the statement of each error. */
export const MOST_OUTPUT = 20_000_000

/** What pg_restore writes with --verbose before its processes share the work. */
const PARALLEL_PART = /^pg_restore: entering main parallel loop$/m

/**
 * Reads what pg_restore wrote while one process made the definitions and several then filled the tables. The lines of the latter have no
 * entries, and each error among them lost data.
 */
export function readParallelFaults(stderr: string): RestoreFaults {
  const at = PARALLEL_PART.exec(stderr)?.index ?? stderr.length
  const [before, parallel] = [stderr.slice(0, at), stderr.slice(at)]
  const { errors, ignored, messages } = readPieces(parallel)
  const unfilledTables = messages.flatMap(({ text }) => unfilledTableOf(text))
  const others = errors - ignored - unfilledTables.length
  const faults = others > 0 ? otherErrors(messages, others) : []
  // It ended before it shared the work, or errors of the first part are all that there are.
  const hasShared = errors > 0 || unfilledTables.length > 0
  const found = !hasShared || before.includes('pg_restore: error:') ? readFaults(before) : NO_FAULTS
  return { ...found, unfilledTables, faults: [...found.faults, ...faults] }
}

interface ParallelMessage {
  text: string
  /** Whether a process wrote the level of an error on this line. The message of that error may stand on another line. */
  isMarked: boolean
}

/**
 * Each process writes a message in pieces: its name, a blank, the level, and the text up to the end of the line. Pieces of others may stand
 * between them, so that only the number of errors is certain.
 */
function readPieces(parallel: string): { errors: number; ignored: number; messages: ParallelMessage[] } {
  let errors = 0
  const lines = parallel.split('\n').map((line) => {
    const [pieces] = /^(?:pg_restore:|error: |warning: |detail: |hint: | )*/.exec(line)!
    const levels = pieces.split('error: ').length - 1
    errors += levels
    return { text: line.slice(pieces.length), isMarked: levels > 0 }
  })
  const messages = lines.filter(({ text }, at) => !isIgnored(text, lines[at + 1]?.text))
  return { errors, ignored: lines.length - messages.length, messages }
}

/** What pg_restore does, as it says with --verbose while processes share the work. */
const PROGRESS = /^(?:launching|finished|processing|skipping|entering|executing|creating|restoring) /

/** The errors that are no rejected rows, by the lines that can be theirs. */
function otherErrors(messages: ParallelMessage[], count: number): string[] {
  const others = messages.filter(({ text }) => !PROGRESS.test(text) && unfilledTableOf(text).length === 0)
  const named = others.filter(({ text, isMarked }) => isMarked || /could not|failed|error/i.test(text))
  if (named.length === 0) return [`pg_restore reported ${count} errors whose lines could not be read`]
  return named.map(({ text }) => `pg_restore: error: ${text}`)
}

/** pg_restore's words for a COPY that the server rejected: no row of it remains. */
function unfilledTableOf(error: string): UnfilledTable[] {
  const [, table, reason] =
    /^(?:pg_restore: error: )?COPY failed for table "(.*?)": (?:ERROR: +)?(.*)$/.exec(error) ?? []
  return table === undefined ? [] : [{ table, error: reason! }]
}

/** The server's words for a definition that is in place. */
const EXISTS = /already exists|multiple primary keys|already member of publication/

/**
 * Reads what pg_restore wrote to stderr. A fault follows the line of its entry in the table of contents.
 * @param options.ignoresExisting leaves out what failed because it is in place
 */
export function readFaults(stderr: string, { ignoresExisting = false } = {}): RestoreFaults {
  const found = structuredClone(NO_FAULTS)
  const [first = '', ...entries] = stderr.split(/^pg_restore: from TOC entry /m)
  found.faults.push(...errorsIn(first))
  if (stderr.length >= MOST_OUTPUT) found.faults.push('pg_restore reported more errors than Cutter reads')
  for (const entry of entries) {
    const errors = errorsIn(entry)
    if (errors.length === 0 || (ignoresExisting && errors.every((one) => EXISTS.test(one)))) continue
    // Extensions and casts have no owner, which the line says in words or by nothing.
    const title = entry
      .slice(0, entry.indexOf('\n'))
      .replace(/^\d+; \d+ \d+ /, '')
      .replace(/ \(no owner\)$/, ' ')
    const kind = [...POWERFUL, ...POWERFUL_CODE, ...NAMED].filter((one) => title.startsWith(`${one} `)).at(-1)
    // The last word is the owner.
    const name = title.slice((kind ?? '').length + 1).replace(/ \S+$/, '')
    if (kind === 'MATERIALIZED VIEW DATA') found.unfilled.push(name)
    else if (kind !== undefined && isExpected(kind, name, errors)) found.leftOut.push({ kind, name })
    else if (title.startsWith('TABLE DATA ') && errors.every((one) => unfilledTableOf(one).length > 0))
      found.unfilledTables.push(...errors.flatMap(unfilledTableOf))
    else if (DATA.test(title)) found.faults.push(...errors)
    else
      found.failed.push({
        title: title.replace(/ \S*$/, ''),
        errors: [...errors, ...callersIn(entry)],
        ...(functionsIn(entry).length === 0 ? {} : { functions: functionsIn(entry) }),
      })
  }
  // It failed without an error of the server.
  if (!stderr.includes('pg_restore: error:')) found.faults.push(stderr.trim().slice(-500))
  found.leftOut = found.leftOut.filter(({ kind }) => kind !== 'SCHEMA' && kind !== 'COMMENT')
  return found
}

/** Entries whose failure loses data. */
const DATA =
  /^(?:TABLE DATA|BLOB|BLOBS|BLOB METADATA|LARGE OBJECT|SEQUENCE SET|DATABASE|ENCODING|STDSTRINGS) /

/** What the server met an error in: a dump is restored with an empty search path. */
const callersIn = (entry: string): string[] =>
  functionsIn(entry).map(
    (name) =>
      `the function ${name} finds it only with a search path: alter function ${name} set search_path = …`,
  )

const NAMED = ['COMMENT', 'MATERIALIZED VIEW DATA', 'SCHEMA']

function isExpected(kind: string, name: string, errors: string[]): boolean {
  const text = errors.join('\n')
  // The administrator created these before, with their owner and their comment.
  if (kind === 'SCHEMA') return name === 'public' || errors.every((one) => /already exists/.test(one))
  if (kind === 'COMMENT')
    return /^(?:EXTENSION |SCHEMA public$)/.test(name) || POWERFUL.some((one) => name.startsWith(`${one} `))
  return DENIAL.test(text)
}

/**
 * A newer pg_restore sets parameters that an older server does not know. Those errors are ignored, because the restored database is compared
 * afterwards. Code of the backup may ask for an unknown parameter too; that is an error like any other.
 */
const isIgnored = (line: string, next: string | undefined): boolean =>
  line.includes('unrecognized configuration parameter') && next?.startsWith('Command was: SET ') === true

const errorsIn = (text: string): string[] => {
  const lines = text.split('\n')
  return lines.filter((line, at) => line.startsWith('pg_restore: error:') && !isIgnored(line, lines[at + 1]))
}
