import { sha256 } from '../domain/json.ts'
import type { MigrationBundle } from './migration-bundle.ts'
import type {
  MigrationBundleFault,
  MigrationBundleFiles,
  MigrationBundleSpec,
} from './migration-bundle-spec.ts'

/**
 * Several bundles as one, so that they are rehearsed in order on one copy and approved as one plan. They are committed in one transaction,
 * unless some have statements outside of it. Each script stays byte for byte below a line that names it. The rollbacks follow in the opposite
 * order.
 */

const MARK = '-- cutter series: '

/**
 * Makes the files of the merged bundle. It has the checks before of the first bundle and those after of the last. Its expectations are still
 * to be found.
 */
export function mergeBundles(name: string, bundles: MigrationBundle[]): MigrationBundleFiles {
  const [first, last] = [bundles[0]!, bundles.at(-1)!]
  const script = join(bundles, ({ spec, texts }) => [spec.migration.sha256, texts[spec.migration.file]!])
  const rollback = join([...bundles].reverse(), ({ spec, rollbackScript, digests }) => [
    digests[spec.rollback]!,
    rollbackScript,
  ])
  return {
    'bundle.yaml': bundleYaml(name, script, bundles),
    'migration.sql': script,
    'rollback.sql': rollback,
    'preflight.sql': first.texts[first.spec.preflight]!,
    'verify.sql': last.texts[last.spec.verify]!,
  }
}

function join(
  bundles: MigrationBundle[],
  part: (bundle: MigrationBundle) => [digest: string, text: string],
): string {
  return bundles
    .map((bundle) => {
      const [digest, text] = part(bundle)
      return `${MARK}${bundle.spec.name} ${digest}\n${text}${endOf(text)}`
    })
    .join('')
}

/** A script may end without a line end, or without the semicolon that the next one needs. */
const ENDS = ['', '\n', ';\n', '\n;\n'] as const
const endOf = (text: string) => {
  const newline = text.endsWith('\n') ? '' : '\n'
  return /;\s*$/.test(text) ? newline : `${newline};\n`
}

/** The declared statements of several scripts, by their numbers in one that holds all of them. */
function placesIn(
  bundles: MigrationBundle[],
  declared: (bundle: MigrationBundle) => {
    statements: unknown[]
    alone: number[] | undefined
    batches: MigrationBundleSpec['batches']
  },
) {
  let before = 0
  const alone: number[] = []
  const batches: NonNullable<MigrationBundleSpec['batches']> = []
  for (const one of bundles.map(declared)) {
    for (const number of one.alone ?? []) alone.push(number + before)
    for (const batch of one.batches ?? []) batches.push({ ...batch, statement: batch.statement + before })
    before += one.statements.length
  }
  return { alone, batches }
}

const bundleYaml = (name: string, text: string, bundles: MigrationBundle[]) => {
  const script = placesIn(bundles, ({ statements, spec }) => ({
    ...{ statements, alone: spec.nonTransactional, batches: spec.batches },
  }))
  const back = placesIn([...bundles].reverse(), ({ rollback, spec }) => ({
    ...{ statements: rollback, alone: spec.rollbackNonTransactional, batches: spec.rollbackBatches },
  }))
  const retries = bundles.flatMap(({ spec }) => spec.lockRetrySeconds ?? [])
  const longest = (key: 'lockTimeoutSeconds' | 'statementTimeoutSeconds') =>
    Math.max(...bundles.map(({ spec }) => spec[key]))
  const functions = bundles.flatMap(({ spec }) => spec.checkFunctions ?? [])
  const deviations = bundles.flatMap(({ spec }) => spec.deviations ?? [])
  const list = (key: string, values: unknown[]) =>
    values.length === 0 ? '' : `${key}: ${JSON.stringify([...new Set(values)])}\n`
  return `# Made by cutter migrate merge. cutter migrate propose fills in what it is expected to do.
name: ${name}
series:
${bundles.map(({ spec }) => `  - { name: ${spec.name}, sha256: ${spec.migration.sha256} }\n`).join('')}migration: { file: migration.sql, sha256: ${sha256(text)} }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect:
  schema: { added: [], removed: [], changed: [] }
lockTimeoutSeconds: ${longest('lockTimeoutSeconds')}
statementTimeoutSeconds: ${longest('statementTimeoutSeconds')}
${retries.length === 0 ? '' : `lockRetrySeconds: ${Math.max(...retries)}\n`}${list('nonTransactional', script.alone)}${list('batches', script.batches)}${list('rollbackNonTransactional', back.alone)}${list('rollbackBatches', back.batches)}${list('checkFunctions', functions)}${list('deviations', deviations)}`
}

/** Returns the fault of a script that is not, part by part, the series of its bundle.yaml; null where it is none. */
export function findSeriesFault(
  { series, migration }: Pick<MigrationBundleSpec, 'series' | 'migration'>,
  script: string,
): MigrationBundleFault | null {
  if (series === undefined) return null
  const parts = script.split(new RegExp(`^${MARK}`, 'm')).slice(1)
  const wrong = series.findIndex(({ name, sha256: digest }, at) => {
    const line = `${name} ${digest}\n`
    const part = parts[at]
    if (part === undefined || !part.startsWith(line)) return true
    const text = part.slice(line.length)
    return !ENDS.some(
      (end) => text.endsWith(end) && sha256(text.slice(0, text.length - end.length)) === digest,
    )
  })
  if (wrong < 0 && parts.length === series.length && script.startsWith(MARK)) return null
  const what = wrong < 0 ? 'more than the series of bundle.yaml' : `not the script of ${series[wrong]!.name}`
  return { file: migration.file, message: `holds ${what}: merge the bundles again` }
}
