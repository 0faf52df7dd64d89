import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { lintMigrationBundle } from '../../src/migration/lint-migration-bundle.ts'
import { mergeBundles } from '../../src/migration/merge-bundles.ts'
import type { MigrationBundle } from '../../src/migration/migration-bundle.ts'
import type { MigrationBundleFiles } from '../../src/migration/migration-bundle-spec.ts'
import { scaffoldMigrationBundle } from '../../src/migration/scaffold-migration-bundle.ts'

async function bundleOf(
  name: string,
  script: string,
  more = '',
  back = `select 'back from ${name}'`,
): Promise<MigrationBundle> {
  const files = scaffoldMigrationBundle(name)
  const text = files['bundle.yaml']!.replace(/sha256: \w+/, `sha256: ${sha256(script)}`).replace(
    'nonTransactional: []\n',
    more,
  )
  const { bundle, faults } = await lintMigrationBundle({
    ...files,
    'bundle.yaml': text,
    'migration.sql': script,
    'rollback.sql': back,
  })
  if (bundle === null) throw new Error(faults[0]?.message)
  return bundle
}

/** The ends that scripts have: nothing, a line end, a comment, no semicolon. */
const SCRIPTS = ['select 1;', 'select 2;\n', 'select 3', 'select 4; -- done', 'select 5\n']

const merged = async (): Promise<MigrationBundleFiles> =>
  mergeBundles('all', await Promise.all(SCRIPTS.map((script, at) => bundleOf(`part-${at}`, script))))

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

  test('counts statements outside of a transaction and batches through all bundles, and lint finds no fault', async () => {
    const plain = await bundleOf('plain', 'select 1; select 2;')
    const alone = await bundleOf('alone', 'create index concurrently a on b (c);', 'nonTransactional: [1]\n')
    const filled = await bundleOf(
      'filled',
      'update b set c = 1 where c is null;',
      'batches: [{ statement: 1, rows: 10, atMost: 3 }]\n',
    )
    const { bundle, faults } = await lintMigrationBundle(mergeBundles('all', [alone, plain, filled, alone]))
    expect(faults).toEqual([])
    const { before, first, after } = bundle!.parts!
    expect(
      [...before, first, ...after].map((part) => (part.how === 'transaction' ? part.numbers : part.number)),
    ).toEqual([1, [2, 3], 4, 5])
  })

  test('declares what runs outside of a transaction or in batches in the rollbacks, in the opposite order', async () => {
    const index = await bundleOf(
      'index',
      'create index concurrently a on b (c);',
      'nonTransactional: [1]\nrollbackNonTransactional: [2]\n',
      'select 1;\ndrop index concurrently a;\n',
    )
    const filled = await bundleOf(
      'filled',
      'select 1;',
      'rollbackBatches: [{ statement: 1, rows: 10, atMost: 3 }]\nlockRetrySeconds: 7\n',
      'update b set c = null where c is not null;\nselect 2;\n',
    )
    const { bundle, faults } = await lintMigrationBundle(mergeBundles('all', [index, filled, index]))
    expect(faults).toEqual([])
    const { rollbackNonTransactional, rollbackBatches, lockRetrySeconds } = bundle!.spec
    expect(rollbackNonTransactional).toEqual([2, 6])
    expect(rollbackBatches).toEqual([{ statement: 3, rows: 10, atMost: 3, pauseSeconds: 0 }])
    expect(lockRetrySeconds).toBe(7)
  })
})
