import { describe, expect, test } from 'vitest'
import { importSeries } from '../../src/migration/import-series.ts'

const UP = 'create table a (id int primary key);\n'
const DOWN = 'drop table a;\n'
const MORE = 'alter table a add column b text;\n'

/** Folders as their tools lay them out, each with two migrations of which the second has no way back. */
const FOLDERS: { format: string; files: { [path: string]: string }; versions: string[]; from: string }[] = [
  {
    format: 'golang-migrate',
    files: { '9_make_a.up.sql': UP, '9_make_a.down.sql': DOWN, '10_add_b.up.sql': MORE },
    versions: ['9', '10'],
    from: '9_make_a.up.sql',
  },
  {
    format: 'flyway',
    files: { 'V1.9__make_a.sql': UP, 'U1.9__make_a.sql': DOWN, 'V1.10__add_b.sql': MORE },
    versions: ['1.9', '1.10'],
    from: 'V1.9__make_a.sql',
  },
  {
    format: 'dbmate',
    files: {
      '20240101_make_a.sql': `-- migrate:up\n${UP}\n-- migrate:down\n${DOWN}`,
      '20240102_add_b.sql': `-- migrate:up transaction:false\n${MORE}`,
    },
    versions: ['20240101', '20240102'],
    from: '20240101_make_a.sql',
  },
  {
    format: 'sqitch',
    files: {
      'sqitch.plan':
        '%project=shop\n\nmake_a 2024-01-01T00:00:00Z A <a@example.org> # one\nadd_b [make_a] 2024-01-02T00:00:00Z A <a@example.org> # two\n',
      'deploy/make_a.sql': `BEGIN;\n${UP}COMMIT;\n`,
      'revert/make_a.sql': `BEGIN;\n${DOWN}COMMIT;\n`,
      'deploy/add_b.sql': MORE,
    },
    versions: ['make_a', 'add_b'],
    from: 'deploy/make_a.sql',
  },
  {
    format: 'up-and-down',
    files: { 'up/01_make_a.sql': UP, 'down/01_make_a.sql': DOWN, 'up/02_add_b.sql': MORE },
    versions: ['01_make_a', '02_add_b'],
    from: 'up/01_make_a.sql',
  },
  {
    format: 'up-and-down',
    files: { '01_make_a/up.sql': UP, '01_make_a/down.sql': DOWN, '02_add_b/migration.sql': MORE },
    versions: ['01_make_a', '02_add_b'],
    from: '01_make_a/up.sql',
  },
]

/** The statements of a text, without comments and empty lines. */
const bare = (text: string | undefined) =>
  text
    ?.split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('--'))
    .join('\n')

describe('importSeries', () => {
  test.each(FOLDERS)(
    'reads a folder of $format in its order: $from',
    async ({ format, files, versions, from }) => {
      const series = await importSeries(files)
      expect(series).toMatchObject({ format, left: [] })
      const [first, second] = series!.migrations
      expect(series!.migrations.map(({ version }) => version)).toEqual(versions)
      expect([first!.name, second!.name]).toEqual(['001-make-a', '002-add-b'])
      expect(first!.from).toBe(from)
      expect([bare(first!.files['migration.sql']), bare(first!.files['rollback.sql'])]).toEqual([
        UP.trim(),
        DOWN.trim(),
      ])
      expect([bare(second!.files['migration.sql']), second!.files['rollback.sql']]).toEqual([
        MORE.trim(),
        undefined,
      ])
      expect(series!.migrations.flatMap(({ faults }) => faults)).toEqual([])
    },
  )

  test('reads the earlier text of a change that sqitch reworked after a tag', async () => {
    const plan =
      'make_a 2024-01-01T00:00:00Z A\n@v1 2024-01-02T00:00:00Z A\nmake_a [make_a@v1] 2024-01-03T00:00:00Z A\n'
    const files = { 'sqitch.plan': plan, 'deploy/make_a@v1.sql': UP, 'deploy/make_a.sql': MORE }
    const series = await importSeries(files)
    expect(series!.migrations.map((one) => one.files['migration.sql'])).toEqual([UP, MORE])
  })

  test('declares statements outside of the transaction, and names what no bundle may hold', async () => {
    const series = await importSeries({
      '1_index.up.sql': 'create index concurrently a_b on a (b);\n',
      '2_role.up.sql': 'select 1;\ncreate role somebody;\n',
      '3_psql.up.sql': '\\set a 1\nselect 1;\n',
      '4_two.up.sql': 'begin;\nselect 1;\ncommit;\nbegin;\nselect 2;\ncommit;\n',
      '5_none.up.sql': '-- nothing\n',
    })
    const [index, role, psql, two, none] = series!.migrations
    expect(index!.files['bundle.yaml']).toContain('nonTransactional: [1]')
    expect(role!.faults).toEqual([expect.stringContaining('2_role.up.sql:2: CREATE ROLE reaches beyond')])
    expect(psql!.faults).toEqual([expect.stringContaining('3_psql.up.sql:1: a backslash command')])
    expect(two!.faults[0]).toContain('transaction control')
    expect(none!.faults).toEqual(['5_none.up.sql: holds no statement'])
  })

  test('leaves out what runs at other times, and scripts with placeholders', async () => {
    const series = await importSeries({
      'V1__a.sql': UP,
      'V2__b.sql': `insert into a values (\${first});\n`,
      'R__view.sql': 'create or replace view v as select 1;\n',
      'afterMigrate.sql': 'analyze;\n',
    })
    expect(series!.migrations.map(({ from }) => from)).toEqual(['V1__a.sql'])
    expect(series!.left.map(({ file }) => file)).toEqual(['V2__b.sql', 'R__view.sql', 'afterMigrate.sql'])
  })

  test('finds nothing in a folder of no known tool', async () => {
    expect(await importSeries({ 'schema.sql': UP })).toBeNull()
  })
})
