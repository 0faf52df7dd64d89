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
  faults: string[]
}

export const NO_FAULTS: RestoreFaults = { leftOut: [], unfilled: [], failed: [], faults: [] }

/** A definition that pg_restore could not run. */
export interface FailedDefinition {
  /** By pg_dump's word for its kind and its name there, such as `INDEX x_n`. */
  title: string
  errors: string[]
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
const DENIAL = /superuser|permission denied (?:for language|to create|to set|for foreign)/

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
  const faults = errorsIn(parallel)
  // It ended before it shared the work, or errors of the first part are all that there are.
  const found = faults.length === 0 || before.includes('pg_restore: error:') ? readFaults(before) : NO_FAULTS
  return { ...found, faults: [...found.faults, ...faults] }
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
    else if (DATA.test(title)) found.faults.push(...errors)
    else found.failed.push({ title: title.replace(/ \S*$/, ''), errors: [...errors, ...callersIn(entry)] })
  }
  // It failed without an error of the server.
  if (!stderr.includes('pg_restore: error:')) found.faults.push(stderr.trim().slice(-500))
  found.leftOut = found.leftOut.filter(({ kind }) => kind !== 'SCHEMA' && kind !== 'COMMENT')
  return found
}

/** Entries whose failure loses data. */
const DATA =
  /^(?:TABLE DATA|BLOB|BLOBS|BLOB METADATA|LARGE OBJECT|SEQUENCE SET|DATABASE|ENCODING|STDSTRINGS) /

/** The functions in which the server met an error: a dump is restored with an empty search path. */
function callersIn(entry: string): string[] {
  const names = [
    ...entry.matchAll(
      /^(?:CONTEXT: {2})?(?:PL\/pgSQL|SQL) function "?([^"\n]+?)"? (?:line|statement|during)/gm,
    ),
  ]
  return [...new Set(names.map(([, name]) => name!))].map(
    (name) =>
      `the function ${name} finds it only with a search path: alter function ${name} set search_path = …`,
  )
}

const NAMED = ['COMMENT', 'MATERIALIZED VIEW DATA', 'SCHEMA']

function isExpected(kind: string, name: string, errors: string[]): boolean {
  const text = errors.join('\n')
  // The administrator created these before, with their owner and their comment.
  if (kind === 'SCHEMA') return name === 'public' || errors.every((one) => /already exists/.test(one))
  if (kind === 'COMMENT')
    return /^(?:EXTENSION |SCHEMA public$)/.test(name) || POWERFUL.some((one) => name.startsWith(`${one} `))
  return DENIAL.test(text)
}

/** A newer pg_restore sets parameters that an older server does not know. Those errors are ignored, because the restored database is compared afterwards. */
const errorsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('pg_restore: error:'))
    .filter((line) => !line.includes('unrecognized configuration parameter'))
