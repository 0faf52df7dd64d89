import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { lintMigrationBundle } from '../../src/migration/lint-migration-bundle.ts'
import { scaffoldMigrationBundle } from '../../src/migration/scaffold-migration-bundle.ts'
import { parseStatements } from '../../src/migration/sql-statements.ts'

interface Parts {
  migration?: string
  preflight?: string
  verify?: string
  rollback?: string
  spec?: { [key: string]: unknown }
}

async function linted({ migration = 'select 1;', ...parts }: Parts) {
  const spec = {
    name: 'tried',
    migration: { file: 'migration.sql', sha256: sha256(migration) },
    preflight: 'preflight.sql',
    verify: 'verify.sql',
    rollback: 'rollback.sql',
    expect: { schema: {} },
    lockTimeoutSeconds: 1,
    statementTimeoutSeconds: 1,
    ...parts.spec,
  }
  return lintMigrationBundle({
    'bundle.yaml': JSON.stringify(spec),
    'migration.sql': migration,
    'preflight.sql': parts.preflight ?? "select 'a' as name, true as ok",
    'verify.sql': parts.verify ?? "select 'a' as name, true as ok",
    'rollback.sql': parts.rollback ?? 'select 1',
  })
}

const faultsOf = async (parts: Parts) =>
  (await linted(parts)).faults.map(
    ({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`} ${message}`,
  )

test('lintMigrationBundle finds no fault in a new bundle', async () => {
  const { faults, bundle } = await lintMigrationBundle(scaffoldMigrationBundle('units-review'))
  expect(faults).toEqual([])
  expect(bundle?.spec.name).toBe('units-review')
})

test('lintMigrationBundle names the file that holds a secret, and accepts a column called token', async () => {
  const url = 'postgresql://u:plant-7@db/x'
  expect(await faultsOf({ migration: `select connected_to('${url}');` })).toEqual([
    'migration.sql seems to hold a URL with a password, which Cutter would store permanently',
  ])
  expect(
    await faultsOf({ spec: { sideEffects: [{ what: url, table: 'public.t', columns: ['a'] }] } }),
  ).toContain('bundle.yaml seems to hold a URL with a password, which Cutter would store permanently')
  expect(await faultsOf({ migration: "update t set token = 'none' where password = 'x';" })).toEqual([])
})

describe('statements of a migration', () => {
  test.each([
    ['begin;', 'transaction control'],
    ['commit;', 'transaction control'],
    ['rollback;', 'transaction control'],
    ['savepoint a;', 'transaction control'],
    ['start transaction read only;', 'transaction control'],
    ["prepare transaction 'a';", 'transaction control'],
    ['end;', 'transaction control'],
    ['copy t from stdin;', 'COPY … FROM stdin with its rows is a format of psql'],
    ['copy t to stdout;', 'COPY … TO stdout gives its rows to nobody'],
    ["copy t from '/tmp/f';", 'outside of the database'],
    ["copy t to program 'sh';", 'outside of the database'],
    ['create role a;', 'reaches beyond this database'],
    [
      "create user mapping for a server s options (user 'u', password 'x');",
      'its option password holds a secret',
    ],
    ["alter user mapping for a server s options (set password 'x');", 'its option password holds a secret'],
    ['grant a to b;', 'reaches beyond this database'],
    ['create database a;', 'reaches beyond this database'],
    ["alter system set fsync = 'off';", 'reaches beyond this database'],
    ['grant connect on database shop to a;', 'reaches beyond this database'],
    ["comment on role a is 'b';", 'reaches beyond this database'],
    ['alter database shop owner to a;', 'reaches beyond this database'],
    ['reassign owned by a to b;', 'reaches beyond this database'],
    ["select dblink_exec('host=elsewhere', 'drop table t');", 'dblink_exec reaches beyond this database'],
    ["insert into t select lo_import('/etc/passwd');", 'lo_import reaches beyond this database'],
    ["select pg_catalog.setval('s', 1);", 'write: alter sequence'],
    ['set standard_conforming_strings = off;', 'standard_conforming_strings is set by Cutter'],
    ['set lock_timeout = 0;', 'lock_timeout is set by Cutter, from bundle.yaml'],
    ["set local statement_timeout = '1h';", 'statement_timeout is set by Cutter'],
    ['reset all;', 'all is set by Cutter'],
    ['reset session authorization;', 'session_authorization is set by Cutter'],
    ['create index concurrently i on t (a);', 'declare it: nonTransactional: [1]'],
    ['drop index concurrently i;', 'declare it'],
    ['reindex index concurrently i;', 'declare it'],
    ['reindex database d;', 'declare it'],
    ['vacuum t;', 'declare it'],
    ['alter table t detach partition p concurrently;', 'declare it'],
  ])('lintMigrationBundle refuses %s', async (migration, why) => {
    const faults = await faultsOf({ migration })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(why)
    expect(faults[0]).toMatch(/^migration\.sql:1 statement 1: /)
  })

  test.each([
    ['copy t from stdin;\n1\ta;b\n2\tc\n\\.\n', 2],
    ['select 1;\nCOPY public.t (a, b) FROM stdin WITH (format csv);\nx y,"z"\n', 3],
  ])('lintMigrationBundle names the rows of COPY in %s', async (migration, line) => {
    const faults = await faultsOf({ migration })
    expect(faults[0]).toContain(
      `migration.sql:${line} COPY … FROM stdin with its rows is a format of psql and pg_dump`,
    )
  })

  test.each([
    'do $$ begin perform 1; end $$;',
    "create function f() returns int language sql as $$ select 1; $$; create table t (a text default 'commit;');",
    "set local search_path = 'a, b'; set role a; analyze t; create index i on t (a);",
    "alter type mood add value 'sad';",
    "comment on column t.a is 'setval(1)'; create function my_setval() returns int language sql as 'select 1';",
    "/* begin; /* nested */ commit; */ select ';' -- rollback;",
  ])('lintMigrationBundle accepts %s', async (migration) => {
    expect(await faultsOf({ migration })).toEqual([])
  })

  test('lintMigrationBundle accepts declared non-transactional statements at the end of the file only', async () => {
    const index = 'create index concurrently i on t (a);'
    const { faults, bundle } = await linted({
      migration: `-- é\nselect 1;\n\n${index}\nvacuum t;`,
      spec: { nonTransactional: [2, 3] },
    })
    expect(faults).toEqual([])
    expect(bundle?.script).toBe('-- é\nselect 1;\n\n')
    expect(bundle?.alone).toEqual([
      { number: 2, text: index.slice(0, -1) },
      { number: 3, text: 'vacuum t' },
    ])
    expect(await faultsOf({ migration: 'select 1;', spec: { nonTransactional: [1] } })).toEqual([
      expect.stringContaining('remove it from nonTransactional'),
    ])
    expect(await faultsOf({ migration: 'select 1;', spec: { nonTransactional: [2] } })).toEqual([
      expect.stringContaining('the last statement of migration.sql is number 1'),
    ])
  })

  test('lintMigrationBundle divides a script into parts, in their order, of which none loses a byte', async () => {
    const migration =
      '-- é\nvacuum t; -- first\nupdate t set a = 1\n  where a is null;select 1;\n select 2 ;\nvacuum u;\n\nselect 3; -- end\n'
    const { faults, bundle } = await linted({
      migration,
      spec: { nonTransactional: [1, 5], batches: [{ statement: 2, rows: 9, atMost: 7, pauseSeconds: 0.5 }] },
    })
    expect(faults).toEqual([])
    expect(bundle!.parts).toEqual({
      before: [
        { how: 'alone', number: 1, text: 'vacuum t' },
        {
          ...{ how: 'batches', number: 2, text: 'update t set a = 1\n  where a is null' },
          ...{ rows: 9, atMost: 7, pauseSeconds: 0.5 },
        },
      ],
      first: { how: 'transaction', numbers: [3, 4], line: 4, text: 'select 1;\n select 2 ;\n' },
      after: [
        { how: 'alone', number: 5, text: 'vacuum u' },
        { how: 'transaction', numbers: [6], line: 6, text: '\n\nselect 3; -- end\n' },
      ],
    })
    expect(bundle!.alone).toEqual([])
    expect(bundle!.script).toBe('select 1;\n select 2 ;\n')
  })

  test.each([
    ['of another kind', { statement: 1 }, 'statement 1 is ALTER TABLE'],
    ['that is not there', { statement: 4 }, 'the last statement of migration.sql is number 3'],
    ['that runs outside of a transaction', { statement: 3 }, 'statement 3 is also in nonTransactional'],
  ])('lintMigrationBundle refuses batches of a statement %s', async (_, one, why) => {
    const spec = { nonTransactional: [3], batches: [{ rows: 1, atMost: 1, ...one }] }
    const migration = 'alter table t add a int; update t set a = 1 where a is null; vacuum t;'
    expect(await faultsOf({ migration, spec })).toEqual([expect.stringContaining(why)])
  })

  test('lintMigrationBundle divides a rollback into parts where it declares statements', async () => {
    const rollback = 'drop index concurrently i; select 1; vacuum t;'
    const { bundle, faults } = await linted({ rollback, spec: { rollbackNonTransactional: [1, 3] } })
    expect(faults).toEqual([])
    expect(bundle!.rollbackParts!.map(({ how }) => how)).toEqual(['alone', 'transaction', 'alone'])
    expect(bundle!.rollback.map(({ transactional }) => transactional)).toEqual([false, true, false])
    expect(await faultsOf({ rollback })).toEqual([
      expect.stringContaining('declare it: rollbackNonTransactional: [1]'),
      expect.stringContaining('declare it: rollbackNonTransactional: [3]'),
    ])
  })

  test('lintMigrationBundle divides a rollback at its batches, and judges them as those of the script', async () => {
    const rollback = 'select 1; update t set a = null where a is not null; vacuum t;'
    const one = { rows: 1, atMost: 2 }
    const spec = { rollbackNonTransactional: [3], rollbackBatches: [{ statement: 2, ...one }] }
    const { bundle, faults } = await linted({ rollback, spec })
    expect(faults).toEqual([])
    expect(bundle!.rollbackParts!.map(({ how }) => how)).toEqual(['transaction', 'batches', 'alone'])
    expect(bundle!.rollback[1]!.batches).toEqual({ ...one, pauseSeconds: 0 })
    const wrong = [1, 3, 4].map((statement) => ({ statement, ...one }))
    expect(await faultsOf({ rollback, spec: { ...spec, rollbackBatches: wrong } })).toEqual([
      expect.stringContaining('rollbackBatches: statement 1 is SELECT'),
      expect.stringContaining('rollbackBatches: statement 3 is also in rollbackNonTransactional'),
      expect.stringContaining('rollbackBatches: the last statement of rollback.sql is number 3'),
    ])
  })

  test('lintMigrationBundle refuses batches of the same statement twice', async () => {
    const one = { statement: 1, rows: 1, atMost: 1 }
    const migration = 'update t set a = 1 where a is null;'
    expect(await faultsOf({ migration, spec: { batches: [one, one] } })).toEqual([
      expect.stringContaining('statement 1 is named twice'),
    ])
  })
})

describe('files of a migration bundle', () => {
  test('lintMigrationBundle names the line of a backslash command of psql', async () => {
    expect(await faultsOf({ migration: 'select 1;\n-- é\n\\set a 1\n' })).toEqual([
      'migration.sql:3 a backslash command belongs to psql; the file is sent to the server as it is',
    ])
  })

  test.each([
    ['selct 1', 'migration.sql:1 syntax error at or near "selct"'],
    ['-- nothing', 'migration.sql holds no statement'],
    ['\ufeffselect 1', 'migration.sql:1 begins with a byte order mark; save it without'],
    ['select 1;\0', 'migration.sql holds a NUL, which is not allowed in a statement'],
  ])('lintMigrationBundle refuses a file that holds %j', async (migration, fault) => {
    expect(await faultsOf({ migration })).toEqual([fault])
  })

  test('lintMigrationBundle accepts only SELECTs without changes and locks as checks', async () => {
    const verify = [
      'update t set a = 1;',
      'with gone as (delete from t returning a) select a from gone;',
      'select a into b from t;',
      'select a from t for update;',
      "select 'fine' as name, true as ok;",
    ].join('\n')
    expect(await faultsOf({ verify })).toEqual([
      'verify.sql:1 statement 1: a check must be a SELECT, this is UpdateStmt',
      'verify.sql:2 statement 2: a check must not change rows',
      'verify.sql:3 statement 3: SELECT INTO creates a table, which a check must not',
      'verify.sql:4 statement 4: a check must not lock rows',
    ])
  })

  test('lintMigrationBundle names a missing file', async () => {
    const files = scaffoldMigrationBundle('a')
    delete files['verify.sql']
    expect((await lintMigrationBundle(files)).faults).toEqual([
      { file: 'verify.sql', message: 'does not exist' },
    ])
  })

  test('parseStatements finds statements by bytes in text with multi-byte characters', async () => {
    const text = "select 'é';\n/* ü /* ö */ */ select 'ß';\n-- 你好\n  select 2"
    const found = await parseStatements('a.sql', text)
    if ('fault' in found) throw new Error(found.fault.message)
    expect(found.statements.map(({ number, line, text: own }) => [number, line, own])).toEqual([
      [1, 1, "select 'é'"],
      [2, 2, "select 'ß'"],
      [3, 4, 'select 2'],
    ])
  })
})

describe('bundle.yaml', () => {
  test.each([
    [{ backupMaxAgeMinutes: 10_081 }, 'backupMaxAgeMinutes: Too big'],
    [{ surprise: 1 }, 'Unrecognized key: "surprise"'],
    [{ name: 'A B' }, 'name: must be lower-case letters, digits and hyphens'],
    [
      { preflight: '../preflight.sql' },
      'preflight: must be the name of a file in the folder of the migration bundle',
    ],
    [{ rollback: 'verify.sql' }, 'must be four different files'],
    [{ lockTimeoutSeconds: 0 }, 'lockTimeoutSeconds: Too small'],
    [{ expect: { schema: {}, rows: { unit: {} } } }, 'must be schema.table'],
    [{ expect: { schema: { added: ['table a.b'], changed: ['table a.b'] } } }, 'table a.b is named twice'],
    [
      { sideEffects: [{ what: 'touched', table: 'public.unit', columns: ['at'] }] },
      'expect.rows has no updated rows of public.unit',
    ],
    [
      { expect: { schema: {}, distributions: [{ name: 'd', sql: 'delete from t', rows: [] }] } },
      'distribution d: a check must be a SELECT',
    ],
  ])('lintMigrationBundle refuses a bundle.yaml with %j', async (spec, fault) => {
    const faults = await faultsOf({ spec })
    expect(faults[0]).toContain('bundle.yaml ')
    expect(faults.join('\n')).toContain(fault)
  })

  test('lintMigrationBundle refuses a bundle.yaml that is not valid YAML', async () => {
    const { faults } = await lintMigrationBundle({ 'bundle.yaml': 'name: [' })
    expect(faults[0]?.file).toBe('bundle.yaml')
  })

  test('lintMigrationBundle refuses a script with another hash', async () => {
    const faults = await faultsOf({ spec: { migration: { file: 'migration.sql', sha256: '0'.repeat(64) } } })
    expect(faults[0]).toContain('the file is not the one that was frozen')
  })
})
