import { sha256 } from '../domain/json.ts'
import type { MigrationBundle } from './migration-bundle.ts'
import type {
  MigrationBundleFault,
  MigrationBundleFiles,
  MigrationBundleSpec,
} from './migration-bundle-spec.ts'

/**
 * Several bundles as one, so that they are rehearsed in order on one copy, approved as one plan, and committed in one transaction. Each
 * script stays byte for byte below a line that names it. The rollbacks follow in the opposite order.
 */

const MARK = '-- cutter series: '

/**
 * Makes the files of the merged bundle. It has the checks before of the first bundle and those after of the last. Its expectations are still
 * to be found.
 * @returns the reason where they can't be merged: statements outside of the transaction may only be the last ones
 */
export function mergeBundles(
  name: string,
  bundles: MigrationBundle[],
): MigrationBundleFiles | { why: string } {
  const early = bundles.slice(0, -1).find(({ alone }) => alone.length > 0)
  if (early !== undefined)
    return {
      why: `${early.spec.name} has statements outside of the transaction, so it can only be the last of the series`,
    }
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

const bundleYaml = (name: string, script: string, bundles: MigrationBundle[]) => {
  const before = bundles.slice(0, -1).reduce((sum, { statements }) => sum + statements.length, 0)
  const alone = bundles.at(-1)!.alone.map(({ number }) => number + before)
  const longest = (key: 'lockTimeoutSeconds' | 'statementTimeoutSeconds') =>
    Math.max(...bundles.map(({ spec }) => spec[key]))
  const functions = bundles.flatMap(({ spec }) => spec.checkFunctions ?? [])
  const deviations = bundles.flatMap(({ spec }) => spec.deviations ?? [])
  const list = (key: string, values: unknown[]) =>
    values.length === 0 ? '' : `${key}: ${JSON.stringify([...new Set(values)])}\n`
  return `# Made by cutter migrate merge. cutter migrate propose fills in what it is expected to do.
name: ${name}
series:
${bundles.map(({ spec }) => `  - { name: ${spec.name}, sha256: ${spec.migration.sha256} }\n`).join('')}migration: { file: migration.sql, sha256: ${sha256(script)} }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect:
  schema: { added: [], removed: [], changed: [] }
lockTimeoutSeconds: ${longest('lockTimeoutSeconds')}
statementTimeoutSeconds: ${longest('statementTimeoutSeconds')}
${list('nonTransactional', alone)}${list('checkFunctions', functions)}${list('deviations', deviations)}`
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
