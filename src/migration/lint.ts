import { sha256 } from '../domain/json.ts'
import { secretTokenIn } from '../domain/secret-values.ts'
import {
  BUNDLE_FILE,
  type BundleFiles,
  type BundleSpec,
  type Fault,
  hashFault,
  namedFiles,
  parseSpec,
} from './bundle.ts'
import {
  mayRunAlone,
  needsNoTransaction,
  refusedAsCheck,
  refusedIn,
  type Statement,
  statementsOf,
} from './statements.ts'

/** What was found of a bundle. A bundle with faults starts no run. */
export interface Lint {
  faults: Fault[]
  bundle: PinnedBundle | null
}

/** A bundle without faults, taken apart once, so that every phase works on the same bytes and the same statements. */
export interface PinnedBundle {
  spec: BundleSpec
  /** The files' texts and their SHA-256. */
  texts: BundleFiles
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
export async function lintBundle(files: BundleFiles): Promise<Lint> {
  const faults: Fault[] = Object.entries(files).flatMap(([file, text]) => {
    const what = secretTokenIn(text)
    return what === null
      ? []
      : [{ file, message: `holds what looks like ${what}, and would be kept for good` }]
  })
  const parsed = parseSpec(files[BUNDLE_FILE] ?? '')
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
  const wrongHash = files[spec.migration.file] === undefined ? null : hashFault(spec, files)
  if (wrongHash !== null) faults.push(wrongHash)
  faults.push(...faultsOfScript(spec.migration.file, migration, spec.nonTransactional))
  faults.push(...faultsOfScript(spec.rollback, rollback, []))
  faults.push(...faultsOfChecks(spec.preflight, preflight), ...faultsOfChecks(spec.verify, verify))
  const distributions: PinnedBundle['distributions'] = []
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
  const textOf = ({ text }: Statement) => text
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
  const found = await statementsOf(file, text)
  if ('fault' in found || found.statements.length > 0) return found
  return { fault: { file, message: 'holds no statement' } }
}

const factsOf = (statements: Statement[], alone: number[]): StatementFacts[] =>
  statements.map(({ number, line, kind, text }) => ({
    number,
    line,
    kind,
    sha256: sha256(text),
    transactional: !alone.includes(number),
  }))

function faultsOfScript(file: string, statements: Statement[], alone: number[]): Fault[] {
  const faults: Fault[] = []
  for (const statement of statements) {
    const { number, line, kind } = statement
    const say = (message: string) => faults.push({ file, line, message: `statement ${number}: ${message}` })
    const refused = refusedIn(statement)
    if (refused !== null) say(refused)
    else if (alone.includes(number) && !mayRunAlone(statement))
      say(`${kind} runs in a transaction; take it out of nonTransactional`)
    else if (!alone.includes(number) && needsNoTransaction(statement))
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

function faultsOfChecks(file: string, statements: Statement[]): Fault[] {
  return statements.flatMap((statement) => {
    const message = refusedAsCheck(statement)
    return message === null
      ? []
      : [{ file, line: statement.line, message: `statement ${statement.number}: ${message}` }]
  })
}

/** The one SELECT that a distribution is, without what stands round it. */
async function queryOf(name: string, sql: string): Promise<string | Fault> {
  const fault = (message: string) => ({ file: BUNDLE_FILE, message: `distribution ${name}: ${message}` })
  const found = await statementsOf(BUNDLE_FILE, sql)
  if ('fault' in found) return fault(found.fault.message)
  const [statement, ...others] = found.statements
  if (statement === undefined || others.length > 0) return fault('must be one SELECT')
  const refused = refusedAsCheck(statement)
  return refused === null ? statement.text : fault(refused)
}
