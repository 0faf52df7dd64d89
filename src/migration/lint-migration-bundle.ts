import { sha256 } from '../domain/json.ts'
import { statementWords } from '../domain/statement-words.ts'
import { findSecretToken } from '../secrets/patterns.ts'
import { findSeriesFault } from './merge-bundles.ts'
import type { MigrationBundle } from './migration-bundle.ts'
import {
  BUNDLE_FILE,
  findHashFault,
  type MigrationBundleFault,
  type MigrationBundleFiles,
  type MigrationBundleSpec,
  namedFiles,
  parseMigrationBundleSpec,
} from './migration-bundle-spec.ts'
import { allParts, type BatchLimits, divideScript, isPlain } from './script-parts.ts'
import { parseStatements, type SqlStatement } from './sql-statements.ts'
import { standaloneLocks } from './standalone-locks.ts'
import {
  changesRows,
  findCheckRefusal,
  findStatementRefusal,
  mayRunOutsideTransaction,
  runsOutsideTransaction,
} from './statement-rules.ts'

/** The result of reading a migration bundle: its faults, or the bundle. A bundle with faults starts no run. */
export interface LintResult {
  faults: MigrationBundleFault[]
  bundle: MigrationBundle | null
}

interface Statements {
  migration: SqlStatement[]
  rollback: SqlStatement[]
  preflight: SqlStatement[]
  verify: SqlStatement[]
}

/** Reads a migration bundle and lists all its faults. `files` holds bundle.yaml and those files that it names and that exist. */
export async function lintMigrationBundle(files: MigrationBundleFiles): Promise<LintResult> {
  const faults = findSecrets(files)
  const parsed = parseMigrationBundleSpec(files[BUNDLE_FILE] ?? '')
  if ('faults' in parsed) return { faults: [...faults, ...parsed.faults], bundle: null }
  const { spec } = parsed
  const read = async (file: string) => {
    const found = await statementsIn(file, files[file])
    if ('fault' in found) faults.push(found.fault)
    return 'fault' in found ? [] : found.statements
  }
  const statements: Statements = {
    migration: await read(spec.migration.file),
    rollback: await read(spec.rollback),
    preflight: await read(spec.preflight),
    verify: await read(spec.verify),
  }
  const wrongHash = files[spec.migration.file] === undefined ? null : findHashFault(spec, files)
  if (wrongHash !== null) faults.push(wrongHash)
  const wrongSeries = findSeriesFault(spec, files[spec.migration.file] ?? '')
  if (wrongSeries !== null) faults.push(wrongSeries)
  faults.push(...faultsOfScript(spec.migration.file, statements.migration, spec.nonTransactional))
  faults.push(...faultsOfBatches(spec, 'batches', statements.migration))
  faults.push(...faultsOfBatches(spec, 'rollbackBatches', statements.rollback))
  faults.push(
    ...faultsOfScript(
      spec.rollback,
      statements.rollback,
      spec.rollbackNonTransactional ?? [],
      'rollbackNonTransactional',
    ),
  )
  faults.push(...faultsOfChecks(spec.preflight, statements.preflight))
  faults.push(...faultsOfChecks(spec.verify, statements.verify))
  const distributions: MigrationBundle['distributions'] = []
  for (const { name, sql } of spec.expect.distributions) {
    const found = await queryOf(name, sql)
    if (typeof found === 'string') distributions.push({ name, sql: found })
    else faults.push(found)
  }
  if (faults.length > 0) return { faults, bundle: null }
  return { faults: [], bundle: bundleOf(spec, files, statements, distributions) }
}

function findSecrets(files: MigrationBundleFiles): MigrationBundleFault[] {
  return Object.entries(files).flatMap(([file, text]) => {
    const what = findSecretToken(text)
    if (what === null) return []
    return [{ file, message: `seems to hold ${what}, which Cutter would store permanently` }]
  })
}

function bundleOf(
  spec: MigrationBundleSpec,
  files: MigrationBundleFiles,
  { migration, rollback, preflight, verify }: Statements,
  distributions: MigrationBundle['distributions'],
): MigrationBundle {
  const names = [BUNDLE_FILE, ...namedFiles(spec)]
  const texts = Object.fromEntries(names.map((name) => [name, files[name]!]))
  const batches = batchesOf(spec.batches)
  const backBatches = batchesOf(spec.rollbackBatches)
  const parts = divideScript(Buffer.from(texts[spec.migration.file]!), migration, {
    alone: new Set(spec.nonTransactional),
    batches,
  })
  const backAlone = new Set(spec.rollbackNonTransactional ?? [])
  const back =
    backAlone.size === 0 && backBatches.size === 0
      ? []
      : allParts(
          divideScript(Buffer.from(texts[spec.rollback]!), rollback, {
            alone: backAlone,
            batches: backBatches,
          }),
        )
  const alone = isPlain(parts) ? parts.after : []
  const textOf = ({ text }: SqlStatement) => text
  return {
    spec,
    texts,
    digests: Object.fromEntries(names.map((name) => [name, sha256(texts[name]!)])),
    script: parts.first.text,
    alone: alone.flatMap((part) => (part.how === 'alone' ? [{ number: part.number, text: part.text }] : [])),
    ...(isPlain(parts) ? {} : { parts }),
    rollbackScript: texts[spec.rollback]!,
    ...(back.length === 0 ? {} : { rollbackParts: back }),
    preflight: preflight.map(textOf),
    verify: verify.map(textOf),
    distributions,
    statements: factsOf(migration, spec.nonTransactional, batches),
    rollback: factsOf(rollback, spec.rollbackNonTransactional ?? [], backBatches),
  }
}

async function statementsIn(file: string, text: string | undefined) {
  if (text === undefined) return { fault: { file, message: 'does not exist' } }
  const found = await parseStatements(file, text)
  if ('fault' in found || found.statements.length > 0) return found
  return { fault: { file, message: 'holds no statement' } }
}

const batchesOf = (batches: MigrationBundleSpec['batches'] = []): Map<number, BatchLimits> =>
  new Map(batches.map(({ statement, ...limits }) => [statement, limits]))

function factsOf(
  statements: SqlStatement[],
  alone: number[],
  batches: Map<number, BatchLimits>,
): MigrationBundle['statements'] {
  const isAlone = new Set(alone)
  return statements.map((statement) => {
    const { number, line, kind, text } = statement
    const limits = batches.get(number)
    const inBatches = limits === undefined ? {} : { batches: limits }
    const facts = {
      number,
      line,
      kind,
      sha256: sha256(text),
      transactional: !isAlone.has(number),
      ...inBatches,
    }
    return facts.transactional ? facts : { ...facts, documentedLocks: standaloneLocks(statement) }
  })
}

function faultsOfScript(
  file: string,
  statements: SqlStatement[],
  alone: number[],
  key = 'nonTransactional',
): MigrationBundleFault[] {
  const faults: MigrationBundleFault[] = []
  const isAlone = new Set(alone)
  for (const statement of statements) {
    const { number, line, kind } = statement
    const say = (message: string) => faults.push({ file, line, message: `statement ${number}: ${message}` })
    const refused = findStatementRefusal(statement)
    if (refused !== null) say(refused)
    else if (isAlone.has(number) && !mayRunOutsideTransaction(statement))
      say(`${statementWords(kind)} runs in a transaction; remove it from ${key}`)
    else if (!isAlone.has(number) && runsOutsideTransaction(statement))
      say(`${statementWords(kind)} can’t run in a transaction; declare it: ${key}: [${number}]`)
  }
  if (alone.some((number) => number > statements.length))
    faults.push({
      file: BUNDLE_FILE,
      message: `${key}: the last statement of ${file} is number ${statements.length}`,
    })
  return faults
}

/** A batch must change rows, and only once: whatever it leaves, the next repetition finds. */
function faultsOfBatches(
  spec: MigrationBundleSpec,
  key: 'batches' | 'rollbackBatches',
  statements: SqlStatement[],
): MigrationBundleFault[] {
  const [file, aloneKey] =
    key === 'batches'
      ? ([spec.migration.file, 'nonTransactional'] as const)
      : ([spec.rollback, 'rollbackNonTransactional'] as const)
  const seen = new Set<number>()
  return (spec[key] ?? []).flatMap(({ statement: number }) => {
    const isTwice = seen.has(number)
    seen.add(number)
    const statement = statements.find((one) => one.number === number)
    const why = isTwice
      ? `statement ${number} is named twice`
      : statement === undefined
        ? `the last statement of ${file} is number ${statements.length}`
        : spec[aloneKey]?.includes(number)
          ? `statement ${number} is also in ${aloneKey}; each batch is a transaction`
          : changesRows(statement)
            ? null
            : `statement ${number} is ${statementWords(statement.kind)}; only INSERT, UPDATE, DELETE and MERGE are repeated in batches`
    return why === null ? [] : [{ file: BUNDLE_FILE, message: `${key}: ${why}` }]
  })
}

function faultsOfChecks(file: string, statements: SqlStatement[]): MigrationBundleFault[] {
  return statements.flatMap((statement) => {
    const message = findCheckRefusal(statement)
    return message === null
      ? []
      : [{ file, line: statement.line, message: `statement ${statement.number}: ${message}` }]
  })
}

/** Returns the single SELECT of a distribution, without surrounding space and comments, or the fault. */
async function queryOf(name: string, sql: string): Promise<string | MigrationBundleFault> {
  const fault = (message: string) => ({ file: BUNDLE_FILE, message: `distribution ${name}: ${message}` })
  const found = await parseStatements(BUNDLE_FILE, sql)
  if ('fault' in found) return fault(found.fault.message)
  const [statement, ...others] = found.statements
  if (statement === undefined || others.length > 0) return fault('must be one SELECT')
  const refused = findCheckRefusal(statement)
  return refused === null ? statement.text : fault(refused)
}
