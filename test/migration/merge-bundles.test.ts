import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { lintMigrationBundle } from '../../src/migration/lint-migration-bundle.ts'
import { mergeBundles } from '../../src/migration/merge-bundles.ts'
import type { MigrationBundle } from '../../src/migration/migration-bundle.ts'
import type { MigrationBundleFiles } from '../../src/migration/migration-bundle-spec.ts'
import { scaffoldMigrationBundle } from '../../src/migration/scaffold-migration-bundle.ts'

async function bundleOf(name: string, script: string, more = ''): Promise<MigrationBundle> {
  const files = scaffoldMigrationBundle(name)
  const text = files['bundle.yaml']!.replace(/sha256: \w+/, `sha256: ${sha256(script)}`).replace(
    'nonTransactional: []\n',
    more,
  )
  const { bundle, faults } = await lintMigrationBundle({
    ...files,
    'bundle.yaml': text,
    'migration.sql': script,
    'rollback.sql': `select 'back from ${name}'`,
  })
  if (bundle === null) throw new Error(faults[0]?.message)
  return bundle
}

/** The ends that scripts have: nothing, a line end, a comment, no semicolon. */
const SCRIPTS = ['select 1;', 'select 2;\n', 'select 3', 'select 4; -- done', 'select 5\n']

const merged = async (): Promise<MigrationBundleFiles> =>
  mergeBundles(
    'all',
    await Promise.all(SCRIPTS.map((script, at) => bundleOf(`part-${at}`, script))),
  ) as MigrationBundleFiles

describe('mergeBundles', () => {
  test('keeps each script byte for byte, whatever its end, and lint finds no fault', async () => {
    const files = await merged()
    const { bundle, faults } = await lintMigrationBundle(files)
    expect(faults).toEqual([])
    expect(bundle!.statements).toHaveLength(SCRIPTS.length)
    expect(bundle!.spec.series!.map(({ sha256: digest }) => digest)).toEqual(SCRIPTS.map(sha256))
    for (const script of SCRIPTS) expect(files['migration.sql']).toContain(`\n${script}`)
    const back = files['rollback.sql']!
    const places = SCRIPTS.map((_, at) => back.indexOf(`select 'back from part-${at}'`))
    expect(places).toEqual([...places].sort((a, b) => b - a))
  })

  test.each([
    ['a changed script', (text: string) => text.replace('select 3', 'select 33'), 'not the script of part-2'],
    [
      'a script more',
      (text: string) => `${text}-- cutter series: part-9 0\nselect 9;\n`,
      'more than the series',
    ],
    ['a statement before', (text: string) => `select 0;\n${text}`, 'more than the series'],
    [
      'a script that is missing',
      (text: string) => text.slice(0, text.lastIndexOf('-- cutter')),
      'not the script of part-4',
    ],
  ])('lint finds %s', async (_, change, words) => {
    const files = await merged()
    const script = change(files['migration.sql']!)
    const text = files['bundle.yaml']!.replace(/(migration: .*sha256: )\w+/, `$1${sha256(script)}`)
    const { faults } = await lintMigrationBundle({ ...files, 'migration.sql': script, 'bundle.yaml': text })
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining(words)])
  })

  test('takes statements outside of the transaction in the last bundle alone', async () => {
    const plain = await bundleOf('plain', 'select 1; select 2;')
    const alone = await bundleOf('alone', 'create index concurrently a on b (c);', 'nonTransactional: [1]\n')
    expect((mergeBundles('all', [plain, alone]) as MigrationBundleFiles)['bundle.yaml']).toContain(
      'nonTransactional: [3]',
    )
    expect(mergeBundles('all', [alone, plain])).toEqual({
      why: expect.stringContaining('alone has statements'),
    })
  })
})
