import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/**
 * The migrations of a public application, as plain SQL: unleash-server of npm ships those of its PostgreSQL since 2014 as modules of
 * db-migrate. Nothing of it is kept in the repository. Each module is called with a database that writes down what it is asked.
 */

/** The version whose migrations are recorded. */
const PACKAGE = 'unleash-server@7.5.1'

/** Fetches the package into a temporary folder, and returns the folder of its modules. */
export function fetchModules(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-application-'))
  const file = execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], {
    encoding: 'utf8',
  })
  execFileSync('tar', ['xzf', join(folder, file.trim()), '-C', folder, 'package/dist/migrations'])
  return join(folder, 'package', 'dist', 'migrations')
}

type Done = (error?: unknown, result?: { rows: object[] } | object[]) => void
type Script = (database: object, done: Done) => unknown

/**
 * Carries the migrations out on an empty database, and writes what each did as `<number>_<name>.up.sql` and `.down.sql`, as golang-migrate
 * names them. Some of the modules share a time, so they are numbered in their order. Ways back are recorded without being carried out.
 * @returns the names of modules that did nothing that can be written down
 */
export async function recordScripts(modules: string, into: string, database: pg.Client): Promise<string[]> {
  mkdirSync(into, { recursive: true })
  const left: string[] = []
  const restore = withoutPackages()
  const require = createRequire(import.meta.url)
  try {
    const files = readdirSync(modules).filter((name) => name.endsWith('.js'))
    for (const [index, file] of files.sort().entries()) {
      const { up, down } = require(join(modules, file)) as { up: Script; down?: Script }
      const [, name] = /^\d+-(.*)\.js$/.exec(file)!
      const number = String(index + 1).padStart(4, '0')
      const there = await recorded(up, (text) => database.query(text))
      const back = down === undefined ? null : await recorded(down, async () => ({ rows: [] }))
      if (there === null || there === '') left.push(file)
      else {
        writeFileSync(join(into, `${number}_${name}.up.sql`), there)
        if (back) writeFileSync(join(into, `${number}_${name}.down.sql`), back)
      }
    }
  } finally {
    restore()
  }
  return left
}

/** What a script asks its database to change, as SQL; null where it can't be written down. What it only reads is left out. */
async function recorded(
  script: Script,
  ask: (text: string) => Promise<{ rows: object[] }>,
): Promise<string | null> {
  const texts: string[] = []
  const asked: Promise<unknown>[] = []
  let failed = false
  const call = async (method: string, given: unknown[]): Promise<unknown> => {
    const done = given.findLast((one) => typeof one === 'function') as Done | undefined
    const isText = method === 'runSql' || method === 'all'
    const text = isText ? withValues(String(given[0]), given[1]) : sqlOf(method, given)
    if (text === null || !/\w/.test(text)) {
      failed ||= text === null
      done?.(null, method === 'all' ? [] : { rows: [] })
      return { rows: [] }
    }
    const answer = await ask(text)
    if (!/^\s*select\b/i.test(text)) texts.push(text.trim().replace(/;?\s*$/, ';'))
    done?.(null, method === 'all' ? answer.rows : answer)
    return answer
  }
  const database = new Proxy(
    {},
    {
      get: (_, method: string) => {
        if (method === 'then') return undefined
        return (...given: unknown[]) => {
          // One after another, as the connection takes them.
          const answer = (asked.at(-1) ?? Promise.resolve())
            .then(() => call(method, given))
            .catch(() => {
              failed = true
            })
          asked.push(answer)
          return answer
        }
      },
    },
  )
  try {
    await script(database, (error) => {
      if (error) failed = true
    })
    // Each answer may lead to another question.
    for (let at = 0; at < asked.length; at += 1) {
      await asked[at]
      await new Promise(setImmediate)
    }
  } catch {
    failed = true
  }
  return failed ? null : `${texts.join('\n')}\n`.replace(/^\n$/, '')
}

/** The text with its values in it, as a script must have them. */
const withValues = (text: string, values: unknown) =>
  Array.isArray(values)
    ? text.replace(/\$(\d+)/g, (_, at: string) => pg.escapeLiteral(String(values[Number(at) - 1])))
    : text

interface Column {
  type?: string
  length?: number
  primaryKey?: boolean
  autoIncrement?: boolean
  notNull?: boolean
  unique?: boolean
  defaultValue?: unknown
}

/** The methods of db-migrate that its early modules use: https://db-migrate.readthedocs.io/en/latest/API/SQL/ */
function sqlOf(method: string, [table, name, spec]: unknown[]): string | null {
  if (method === 'createTable') {
    const given = name as { columns?: { [name: string]: Column } } & { [name: string]: Column }
    const columns = Object.entries(given.columns ?? given).map(([column, facts]) => columnOf(column, facts))
    return `CREATE TABLE "${table}" (${columns.join(', ')})`
  }
  if (method === 'dropTable') return `DROP TABLE "${table}"`
  if (method === 'addColumn')
    return `ALTER TABLE "${table}" ADD COLUMN ${columnOf(String(name), spec as Column)}`
  if (method === 'removeColumn') return `ALTER TABLE "${table}" DROP COLUMN "${name}"`
  return null
}

const TYPES: { [type: string]: string } = { string: 'VARCHAR', int: 'INTEGER', datetime: 'TIMESTAMP' }

function columnOf(name: string, given: Column | string): string {
  const {
    type = 'string',
    length,
    ...facts
  } = typeof given === 'string' ? ({ type: given } as Column) : given
  const kind = facts.autoIncrement ? 'SERIAL' : (TYPES[type] ?? type.toUpperCase())
  const value = facts.defaultValue
  return [
    `"${name}"`,
    length === undefined ? kind : `${kind} (${length})`,
    ...(facts.primaryKey ? ['PRIMARY KEY'] : []),
    ...(facts.notNull ? ['NOT NULL'] : []),
    ...(facts.unique ? ['UNIQUE'] : []),
    ...(value === undefined ? [] : [`DEFAULT ${defaultOf(value)}`]),
  ].join(' ')
}

const defaultOf = (value: unknown) =>
  typeof value === 'string'
    ? /^(now\(\)|'.*')$/.test(value)
      ? value
      : `'${value.replaceAll("'", "''")}'`
    : String(value)

/** The modules load packages that are not fetched; of them only the order of calls is needed. Returns what ends that. */
function withoutPackages(): () => void {
  const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown }
  const load = loader._load
  const inOrder = (works: ((next: Done) => void)[], done?: Done) => {
    const next = (at: number): void => {
      if (at === works.length) done?.()
      else works[at]!(() => next(at + 1))
    }
    next(0)
  }
  const stand = {
    series: inOrder,
    eachSeries: (list: unknown[], each: (one: unknown, next: Done) => void, done?: Done) =>
      inOrder(
        list.map((one) => (next) => each(one, next)),
        done,
      ),
  }
  loader._load = (name, ...rest) => {
    if (name === 'async') return { ...stand, default: stand }
    try {
      return load(name, ...rest)
    } catch {
      return new Proxy(() => undefined, { get: () => () => ({}) })
    }
  }
  return () => {
    loader._load = load
  }
}
