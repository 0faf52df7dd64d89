import { describe, expect, test } from 'vitest'
import { importSeries } from '../../src/migration/import-series.ts'

const UP = 'create table a (id int primary key);\n'
const DOWN = 'drop table a;\n'
const plan = (...lines: string[]) => ['%syntax-version=1.0.0', '%project=shop', '', ...lines].join('\n')
const change = (text: string) => `${text} 2024-01-01T00:00:00Z A <a@example.org> # a note with @v1 in it`

interface Oddity {
  oddity: string
  files: { [path: string]: string }
  /** Of each bundle: its file, whether it has a way back, and its faults without the file in front. */
  imported: [from: string, back: boolean, faults: string[]][]
  left?: { [file: string]: string }
}

const same = (file: string) => `has the same version as ${file}, so their order is not known`

/** What the folders of each tool may hold besides plain scripts, and what its documentation says of that. */
const ODDITIES: Oddity[] = [
  {
    oddity: 'golang-migrate refuses two files of one version',
    files: { '1_a.up.sql': UP, '01_b.up.sql': UP },
    imported: [
      ['1_a.up.sql', false, [same('01_b.up.sql')]],
      ['01_b.up.sql', false, [same('1_a.up.sql')]],
    ],
  },
  {
    oddity: 'golang-migrate needs no title',
    files: { '1_.up.sql': UP, '1_.down.sql': DOWN },
    imported: [['1_.up.sql', true, []]],
  },
  {
    oddity: 'Flyway undoes by version, with another description and in another folder',
    files: { 'V1.0__make a.sql': UP, 'undo/U1__drop_a.sql': DOWN, 'U2__b.sql': DOWN },
    imported: [['V1.0__make a.sql', true, []]],
    left: { 'U2__b.sql': 'it undoes a version that has no script' },
  },
  {
    oddity: 'Flyway refuses two files of one version',
    files: { 'V3__a.sql': UP, 'more/V3.0__b.sql': UP },
    imported: [
      ['V3__a.sql', false, [same('more/V3.0__b.sql')]],
      ['more/V3.0__b.sql', false, [same('V3__a.sql')]],
    ],
  },
  {
    oddity: 'Flyway fills in no placeholders where the settings of the script say so',
    files: {
      'V1__a.sql': `${UP}do $$ begin raise notice '\${kept}'; end $$;\n`,
      'V1__a.sql.conf': 'executeInTransaction=true\r\nplaceholderReplacement = false\r\n',
      'V2__b.sql': `insert into a values (\${id});\n`,
      'V3__c.sql': UP,
      'U3__c.sql': `drop table \${name};\n`,
    },
    imported: [['V1__a.sql', false, []]],
    left: {
      'V2__b.sql': 'it has placeholders, which Flyway fills in: write their values into it first',
      'V3__c.sql': 'U3__c.sql has placeholders, which Flyway fills in: write their values into it first',
    },
  },
  {
    oddity: 'Flyway has migrations in other languages, repeatable ones, baselines and callbacks',
    files: {
      'V1__a.sql': UP,
      'V2__Rows.java': '',
      'R__view.sql': 'select 1;\n',
      'B1__base.sql': UP,
      'afterMigrate.sql': 'select 1;\n',
    },
    imported: [['V1__a.sql', false, []]],
    left: {
      'B1__base.sql':
        'Flyway does not run it once, in order: it is a baseline, a callback, or has another name',
      'R__view.sql': 'Flyway runs it again whenever it has changed: make a bundle of it by hand',
      'V2__Rows.java': 'it is no SQL script: write what it does as SQL',
      'afterMigrate.sql':
        'Flyway does not run it once, in order: it is a baseline, a callback, or has another name',
    },
  },
  {
    oddity: 'dbmate takes one up and one down in this order, and nothing in front',
    files: {
      '1_before.sql': `-- a comment\n\n${UP}-- migrate:up\nselect 1;\n`,
      '2_order.sql': `-- migrate:down\n${DOWN}-- migrate:up\n${UP}`,
      '3_twice.sql': `-- migrate:up\n${UP}-- migrate:down\n${DOWN}-- migrate:up\nselect 1;\n`,
      '4_upper.sql': `-- MIGRATE:UP\n${UP}`,
    },
    imported: [
      ['1_before.sql', false, ['has statements before -- migrate:up, which dbmate refuses']],
      [
        '2_order.sql',
        false,
        [
          'has -- migrate:down before -- migrate:up',
          'has statements before -- migrate:up, which dbmate refuses',
        ],
      ],
      ['3_twice.sql', true, ['has -- migrate:up more than once: split it into several files']],
    ],
    left: { '4_upper.sql': 'it has no line -- migrate:up' },
  },
  {
    oddity: 'dbmate reads lines that end with CR and LF, after a byte order mark',
    files: {
      '1_a.sql': `\ufeff-- migrate:up transaction:false\r\ncreate index concurrently i on a (id);\r\n-- migrate:down\r\n${DOWN}`,
    },
    imported: [['1_a.sql', true, []]],
  },
  {
    oddity: 'sqitch never takes the later text of a change that was reworked',
    files: {
      'sqitch.plan': plan(change('a'), change('@v1'), change('a [a@v1]')),
      'deploy/a.sql': UP,
    },
    imported: [['deploy/a.sql', false, []]],
    left: { 'deploy/a.sql': 'it was reworked later, and its text before that is in none of: a@v1.sql' },
  },
  {
    oddity: 'sqitch finds the text of a reworked change under the last tag in between that has one',
    files: {
      'sqitch.plan': plan(change('a'), change('@v1'), change('b'), change('@v2'), change('a [a@v2]')),
      'deploy/a.sql': 'select 1;\n',
      'deploy/a@v2.sql': UP,
      'revert/a@v2.sql': DOWN,
      'deploy/b.sql': UP,
    },
    imported: [
      ['deploy/a@v2.sql', true, []],
      ['deploy/b.sql', false, []],
      ['deploy/a.sql', false, []],
    ],
  },
  {
    oddity: 'sqitch names changes with slashes and operators, and ends lines as it likes',
    files: {
      'sqitch.plan': plan(change('one/two/three/four'), change('+plus'), change('-minus'), change('none'))
        .split('\n')
        .join('\r\n'),
      'deploy/one/two/three/four.sql': UP,
      'deploy/plus.sql': UP,
      'deploy/unplanned.sql': UP,
      'verify/plus.sql': 'select 1/0;\n',
    },
    imported: [
      ['deploy/one/two/three/four.sql', false, []],
      ['deploy/plus.sql', false, []],
    ],
    left: {
      '-minus': 'sqitch.plan reverts a change here: write that as a change',
      'deploy/none.sql': 'sqitch.plan names it, and it does not exist',
      'deploy/unplanned.sql': 'sqitch.plan does not name it',
      'verify/plus.sql': 'it fails instead of answering: write its checks into verify.sql',
    },
  },
  {
    oddity: 'folders without a tool may be numbered without zeros',
    files: { 'up/10.sql': UP, 'up/9.sql': UP, 'up/1.sql': UP, 'down/10.sql': DOWN },
    imported: [
      ['up/1.sql', false, []],
      ['up/9.sql', false, []],
      ['up/10.sql', true, []],
    ],
  },
  {
    oddity: 'folders of migrations may be numbered without zeros',
    files: { '10_b/up.sql': UP, '2_c/up.sql': UP, '1_a/migration.sql': UP },
    imported: [
      ['1_a/migration.sql', false, []],
      ['2_c/up.sql', false, []],
      ['10_b/up.sql', false, []],
    ],
  },
]

describe('importSeries', () => {
  test.each(ODDITIES)('$oddity', async ({ files, imported, left = {} }) => {
    const series = await importSeries(files)
    const found = series!.migrations.map(({ from, files: made, faults }) => [
      from,
      'rollback.sql' in made,
      faults.map((fault) => fault.replace(`${from}: `, '')),
    ])
    expect(found).toEqual(imported)
    expect(Object.fromEntries(series!.left.map(({ file, why }) => [file, why]))).toEqual(left)
  })

  test('numbers of plain folders stay in the names of their bundles', async () => {
    const series = await importSeries({ 'up/9.sql': UP, 'up/10.sql': UP, 'up/2024_01-x.sql': UP })
    expect(series!.migrations.map(({ name }) => name)).toEqual(['001-9', '002-10', '003-x'])
  })

  test('declares statements of a way back that run outside of the transaction', async () => {
    const series = await importSeries({
      '1_i.up.sql': 'create index concurrently i on a (id);\n',
      '1_i.down.sql': "set lock_timeout = '1s';\ndrop index concurrently i;\n",
    })
    expect(series!.migrations[0]!.files['bundle.yaml']).toContain(
      'nonTransactional: [1]\nrollbackNonTransactional: [2]\n',
    )
  })

  test('settings may come in front of the BEGIN of a script, and stay', async () => {
    const text = "set client_min_messages = 'warning';\nBEGIN;\nselect 1;\nCOMMIT;\n"
    const series = await importSeries({ '1_a.up.sql': text, '2_b.up.sql': `select 1;\n${text}` })
    const [first, second] = series!.migrations
    expect([first!.faults, first!.files['migration.sql']]).toEqual([
      [],
      "set client_min_messages = 'warning';\n\nselect 1;\n\n",
    ])
    expect(second!.faults[0]).toContain('transaction control')
  })
})
