import { sha256 } from '../domain/json.ts'
import { findSecretToken } from '../secrets/patterns.ts'
import {
  BUNDLE_FILE,
  findHashFault,
  type MigrationBundleFault,
  type MigrationBundleFiles,
  type MigrationBundleSpec,
  namedFiles,
  parseMigrationBundleSpec,
} from './migration-bundle.ts'
import {
  findCheckRefusal,
  findStatementRefusal,
  mayRunOutsideTransaction,
  parseStatements,
  runsOutsideTransaction,
  type SqlStatement,
} from './sql-statements.ts'

/** What was found of a bundle. A bundle with faults starts no run. */
export interface LintResult {
  faults: MigrationBundleFault[]
  bundle: MigrationBundle | null
}

/** A bundle without faults, taken apart once, so that every phase works on the same bytes and the same statements. */
export interface MigrationBundle {
  spec: MigrationBundleSpec
  /** The files' texts and their SHA-256. */
  texts: MigrationBundleFiles
  digests: { [file: string]: string }
  /** migration.sql up to the first statement that runs alone: byte for byte the whole file where there is none. */
  script: string
  alone: { number: number; text: string }[]
  rollbackScript: string
  preflight: string[]
  verify: string[]
  distributions: { name: string; sql: string }[]
  statements: StatementFacts[]
  rollback: StatementFacts[]
}

export interface StatementFacts {
  number: number
  line: number
  kind: string
  sha256: string
  transactional: boolean
}

/** Reads a bundle whole. `files` holds bundle.yaml and, as far as they are there, the files that it names. */
export async function lintMigrationBundle(files: MigrationBundleFiles): Promise<LintResult> {
  const faults: MigrationBundleFault[] = Object.entries(files).flatMap(([file, text]) => {
    const what = findSecretToken(text)
    return what === null
      ? []
      : [{ file, message: `holds what looks like ${what}, and would be kept for good` }]
  })
  const parsed = parseMigrationBundleSpec(files[BUNDLE_FILE] ?? '')
  if ('faults' in parsed) return { faults: [...faults, ...parsed.faults], bundle: null }
  const { spec } = parsed
  const read = async (file: string) => {
    const found = await statementsIn(file, files[file])
    if ('fault' in found) faults.push(found.fault)
    return 'fault' in found ? [] : found.statements
  }
  const migration = await read(spec.migration.file)
  const rollback = await read(spec.rollback)
  const [preflight, verify] = [await read(spec.preflight), await read(spec.verify)]
  const wrongHash = files[spec.migration.file] === undefined ? null : findHashFault(spec, files)
  if (wrongHash !== null) faults.push(wrongHash)
  faults.push(...faultsOfScript(spec.migration.file, migration, spec.nonTransactional))
  faults.push(...faultsOfScript(spec.rollback, rollback, []))
  faults.push(...faultsOfChecks(spec.preflight, preflight), ...faultsOfChecks(spec.verify, verify))
  const distributions: MigrationBundle['distributions'] = []
  for (const { name, sql } of spec.expect.distributions) {
    const found = await queryOf(name, sql)
    if (typeof found === 'string') distributions.push({ name, sql: found })
    else faults.push(found)
  }
  if (faults.length > 0) return { faults, bundle: null }

  const names = [BUNDLE_FILE, ...namedFiles(spec)]
  const texts = Object.fromEntries(names.map((name) => [name, files[name]!]))
  const first = migration.find(({ number }) => spec.nonTransactional.includes(number))
  const whole = Buffer.from(texts[spec.migration.file]!)
  const textOf = ({ text }: SqlStatement) => text
  return {
    faults: [],
    bundle: {
      spec,
      texts,
      digests: Object.fromEntries(names.map((name) => [name, sha256(texts[name]!)])),
      script: whole.subarray(0, first?.start ?? whole.length).toString('utf8'),
      alone: migration
        .filter(({ number }) => spec.nonTransactional.includes(number))
        .map(({ number, text }) => ({ number, text })),
      rollbackScript: texts[spec.rollback]!,
      preflight: preflight.map(textOf),
      verify: verify.map(textOf),
      distributions,
      statements: factsOf(migration, spec.nonTransactional),
      rollback: factsOf(rollback, []),
    },
  }
}

async function statementsIn(file: string, text: string | undefined) {
  if (text === undefined) return { fault: { file, message: 'is not there' } }
  const found = await parseStatements(file, text)
  if ('fault' in found || found.statements.length > 0) return found
  return { fault: { file, message: 'holds no statement' } }
}

const factsOf = (statements: SqlStatement[], alone: number[]): StatementFacts[] =>
  statements.map(({ number, line, kind, text }) => ({
    number,
    line,
    kind,
    sha256: sha256(text),
    transactional: !alone.includes(number),
  }))

function faultsOfScript(file: string, statements: SqlStatement[], alone: number[]): MigrationBundleFault[] {
  const faults: MigrationBundleFault[] = []
  for (const statement of statements) {
    const { number, line, kind } = statement
    const say = (message: string) => faults.push({ file, line, message: `statement ${number}: ${message}` })
    const refused = findStatementRefusal(statement)
    if (refused !== null) say(refused)
    else if (alone.includes(number) && !mayRunOutsideTransaction(statement))
      say(`${kind} runs in a transaction; take it out of nonTransactional`)
    else if (!alone.includes(number) && runsOutsideTransaction(statement))
      say(`${kind} can’t run in a transaction; declare it: nonTransactional: [${number}]`)
  }
  const last = statements.length - alone.length
  if (alone.some((number) => number > statements.length))
    faults.push({
      file: BUNDLE_FILE,
      message: `nonTransactional: the last statement of ${file} is number ${statements.length}`,
    })
  else if (alone.some((number) => number <= last))
    faults.push({
      file: BUNDLE_FILE,
      message:
        'nonTransactional: these statements run after the transaction, so they must be the last ones of the file',
    })
  return faults
}

function faultsOfChecks(file: string, statements: SqlStatement[]): MigrationBundleFault[] {
  return statements.flatMap((statement) => {
    const message = findCheckRefusal(statement)
    return message === null
      ? []
      : [{ file, line: statement.line, message: `statement ${statement.number}: ${message}` }]
  })
}

/** The one SELECT that a distribution is, without what stands round it. */
async function queryOf(name: string, sql: string): Promise<string | MigrationBundleFault> {
  const fault = (message: string) => ({ file: BUNDLE_FILE, message: `distribution ${name}: ${message}` })
  const found = await parseStatements(BUNDLE_FILE, sql)
  if ('fault' in found) return fault(found.fault.message)
  const [statement, ...others] = found.statements
  if (statement === undefined || others.length > 0) return fault('must be one SELECT')
  const refused = findCheckRefusal(statement)
  return refused === null ? statement.text : fault(refused)
}
