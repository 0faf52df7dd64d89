import { sha256 } from '../domain/json.ts'
import { readDbmate } from './formats/dbmate.ts'
import { readFlyway } from './formats/flyway.ts'
import { readGolangMigrate } from './formats/golang-migrate.ts'
import type { FolderFiles, FoundMigration, FoundSeries, ReadSeries } from './formats/series-file.ts'
import { readSqitch } from './formats/sqitch.ts'
import { readUpAndDown } from './formats/up-and-down.ts'
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
 * @returns null where the folder is of none of these tools
 */
export async function importSeries(files: FolderFiles, format?: string): Promise<ImportedSeries | null> {
  const names = format === undefined ? Object.keys(FORMATS) : [format]
  for (const name of names) {
    const found = FORMATS[name]!(files)
    if (found === null) continue
    const digits = Math.max(3, String(found.migrations.length).length)
    const migrations: ImportedMigration[] = []
    for (const [at, one] of found.migrations.entries())
      migrations.push(await importMigration(one, name, String(at + 1).padStart(digits, '0')))
    return { format: name, migrations, left: found.left }
  }
  return null
}

/** The names of the formats, for options and messages. */
export const SERIES_FORMATS = Object.keys(FORMATS)

async function importMigration(
  found: FoundMigration,
  format: string,
  place: string,
): Promise<ImportedMigration> {
  const up = await scriptOf(found.file, found.up)
  const down = found.down === null ? null : await scriptOf('its way back', found.down)
  const name = `${place}-${slugOf(found.name)}`.slice(0, 63).replace(/-+$/, '')
  const rollback = down === null || down.empty ? {} : { 'rollback.sql': down.text }
  return {
    name,
    version: found.version,
    from: found.file,
    files: {
      'bundle.yaml': bundleYaml({ name, found, format, script: up.text, alone: up.alone }),
      'migration.sql': up.text,
      ...rollback,
    },
    faults: [
      ...up.faults,
      ...(down?.faults ?? []),
      ...(up.empty ? [`${found.file}: holds no statement`] : []),
    ],
  }
}

const slugOf = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'migration'

interface Script {
  text: string
  empty: boolean
  /** Numbers of the statements that run outside of a transaction. */
  alone: number[]
  faults: string[]
}

/** The text of a script without the BEGIN and the COMMIT around it, because Cutter begins and commits. */
async function scriptOf(file: string, given: string): Promise<Script> {
  const text = given.replace(/^\ufeff/, '')
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

function withoutTransaction(text: string, statements: SqlStatement[]): string {
  const control = statements.filter(({ kind }) => kind === 'TransactionStmt')
  const [first, last] = [statements[0], statements.at(-1)]
  const begins = /BEGIN|START/.test(String(first?.node.kind))
  if (control.length !== 2 || control[0] !== first || control[1] !== last || !begins) return text
  if (last!.node.kind !== 'TRANS_STMT_COMMIT') return text
  const bytes = Buffer.from(text)
  const afterSemicolon = (end: number) => (bytes[end] === 0x3b ? end + 1 : end)
  return Buffer.concat([
    bytes.subarray(0, first!.start),
    bytes.subarray(afterSemicolon(first!.end), last!.start),
    bytes.subarray(afterSemicolon(last!.end)),
  ]).toString('utf8')
}

const bundleYaml = (given: {
  name: string
  found: FoundMigration
  format: string
  script: string
  alone: number[]
}) => `# Imported from ${given.found.file.replace(/[^ -~]/g, '?')} (${given.format}). cutter migrate propose fills in what it is expected to do.
name: ${given.name}
migration: { file: migration.sql, sha256: ${sha256(given.script)} }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect:
  schema: { added: [], removed: [], changed: [] }
lockTimeoutSeconds: 5
statementTimeoutSeconds: 300
${given.alone.length === 0 ? '' : `nonTransactional: [${given.alone.join(', ')}]\n`}`
