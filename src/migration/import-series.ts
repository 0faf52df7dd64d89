import { sha256 } from '../domain/json.ts'
import { readDbmate } from './formats/dbmate.ts'
import { readFlyway } from './formats/flyway.ts'
import { readGolangMigrate } from './formats/golang-migrate.ts'
import type { FolderFiles, FoundMigration, FoundSeries, ReadSeries } from './formats/series-file.ts'
import { readSqitch } from './formats/sqitch.ts'
import { readUpAndDown } from './formats/up-and-down.ts'
import { type EarlierImport, importedFrom, placeImports } from './import-places.ts'
import type { MigrationBundleFiles } from './migration-bundle-spec.ts'
import { parseStatements, type SqlStatement } from './sql-statements.ts'
import { findStatementRefusal, runsOutsideTransaction } from './statement-rules.ts'

/** The tools whose folders can be imported, the surest first. */
const FORMATS: { [name: string]: ReadSeries } = {
  sqitch: readSqitch,
  'golang-migrate': readGolangMigrate,
  flyway: readFlyway,
  dbmate: readDbmate,
  'up-and-down': readUpAndDown,
}

/** A migration that was read from the folder of another tool, as the files of a bundle. */
interface ImportedMigration {
  /** Of the bundle and its folder, such as `012-add-users`. It begins with the place in the series. */
  name: string
  /** Whether the bundle is new; false for one that an earlier import made. */
  made: boolean
  /** Of a new one: the first of the earlier ones that follows it in the order of the other tool. */
  before: string | null
  /** The version that the other tool gives it. */
  version: string
  /** The file that it was read from. */
  from: string
  files: MigrationBundleFiles
  /** What keeps it from running, such as a statement that Cutter refuses. */
  faults: string[]
}

/** The migrations of a folder, in order, and the files that are none. */
export interface ImportedSeries {
  format: string
  migrations: ImportedMigration[]
  left: FoundSeries['left']
}

/**
 * Reads the folder of another tool as migration bundles, whose expectations `migrate propose` fills in.
 * @param format the tool; left out, the first whose files are there
 * @param there what the folder of the bundles holds from earlier imports, and all names in it
 * @returns null where the folder is of none of these tools
 */
export async function importSeries(
  files: FolderFiles,
  format?: string,
  there: { earlier: EarlierImport[]; names: string[] } = { earlier: [], names: [] },
): Promise<ImportedSeries | null> {
  const texts = Object.fromEntries(
    Object.entries(files).map(([file, text]) => [file, text.replace(/^\ufeff/, '')]),
  )
  const names = format === undefined ? Object.keys(FORMATS) : [format]
  for (const name of names) {
    const found = FORMATS[name]!(texts)
    if (found === null) continue
    const places = placeImports(found.migrations, there.earlier, there.names)
    const migrations: ImportedMigration[] = []
    for (const [at, one] of found.migrations.entries())
      migrations.push({ ...places[at]!, ...(await importMigration(one, name, places[at]!.name)) })
    return { format: name, migrations, left: found.left }
  }
  return null
}

/** The names of the formats, for options and messages. */
export const SERIES_FORMATS = Object.keys(FORMATS)

async function importMigration(
  found: FoundMigration,
  format: string,
  name: string,
): Promise<Omit<ImportedMigration, 'made' | 'before'>> {
  const up = await scriptOf(found.file, found.up)
  const down = found.down === null ? null : await scriptOf('its way back', found.down)
  const rollback = down === null || down.empty ? {} : { 'rollback.sql': down.text }
  return {
    name,
    version: found.version,
    from: found.file,
    files: {
      'bundle.yaml': bundleYaml({
        name,
        found,
        format,
        script: up.text,
        alone: up.alone,
        back: down?.alone ?? [],
      }),
      'migration.sql': up.text,
      ...rollback,
    },
    faults: [
      ...(found.faults ?? []),
      ...up.faults,
      ...(down?.faults ?? []),
      ...(up.empty ? [`${found.file}: holds no statement`] : []),
    ],
  }
}

interface Script {
  text: string
  empty: boolean
  /** Numbers of the statements that run outside of a transaction. */
  alone: number[]
  faults: string[]
}

/** The text of a script without the BEGIN and the COMMIT around it, because Cutter begins and commits. */
async function scriptOf(file: string, text: string): Promise<Script> {
  const parsed = await parseStatements(file, text)
  if ('fault' in parsed) {
    const { line, message } = parsed.fault
    return {
      text,
      empty: false,
      alone: [],
      faults: [`${file}${line === undefined ? '' : `:${line}`}: ${message}`],
    }
  }
  const inner = withoutTransaction(text, parsed.statements)
  const read = inner === text ? parsed : await parseStatements(file, inner)
  const statements = 'statements' in read ? read.statements : []
  return {
    text: inner,
    empty: statements.length === 0,
    alone: statements.filter(runsOutsideTransaction).map(({ number }) => number),
    faults: statements.flatMap((statement) => {
      const refused = findStatementRefusal(statement)
      return refused === null ? [] : [`${file}:${statement.line}: ${refused}`]
    }),
  }
}

/** Settings may come in front of the BEGIN. They hold in the one transaction of Cutter as well. */
function withoutTransaction(text: string, statements: SqlStatement[]): string {
  const [first, last, ...more] = statements.filter(({ kind }) => kind === 'TransactionStmt')
  const ahead = statements.findIndex(({ kind }) => kind !== 'VariableSetStmt')
  const begins = /BEGIN|START/.test(String(first?.node.kind))
  if (more.length > 0 || statements[ahead] !== first || last !== statements.at(-1) || !begins) return text
  if (last?.node.kind !== 'TRANS_STMT_COMMIT') return text
  const bytes = Buffer.from(text)
  const afterSemicolon = (end: number) => (bytes[end] === 0x3b ? end + 1 : end)
  return Buffer.concat([
    bytes.subarray(0, first!.start),
    bytes.subarray(afterSemicolon(first!.end), last.start),
    bytes.subarray(afterSemicolon(last.end)),
  ]).toString('utf8')
}

const bundleYaml = (given: {
  name: string
  found: FoundMigration
  format: string
  script: string
  alone: number[]
  back: number[]
}) => `${importedFrom(given.found.file, given.format)}
name: ${given.name}
migration: { file: migration.sql, sha256: ${sha256(given.script)} }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect:
  schema: { added: [], removed: [], changed: [] }
lockTimeoutSeconds: 5
statementTimeoutSeconds: 300
${numbers('nonTransactional', given.alone)}${numbers('rollbackNonTransactional', given.back)}`

const numbers = (key: string, values: number[]) =>
  values.length === 0 ? '' : `${key}: [${values.join(', ')}]\n`
