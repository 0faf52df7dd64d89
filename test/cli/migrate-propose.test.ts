import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readYaml } from '../../src/domain/yaml.ts'
import { ANSWERS } from '../../src/service/answers/answers.ts'
import type { ProposedBundles } from '../../src/service/migrations/propose.ts'
import { type ErrorJson, jsonOf } from '../support/cli.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  EXPECTED,
  MIGRATION,
  migrate,
  ROLLBACK,
  skipWithoutPgDump,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('expectations that are proposed')

let home: ShopHome

beforeAll(async () => {
  home = await startShopHome('proposed')
}, 300_000)

afterAll(() => home.stop(), 300_000)

/** A bundle of which nothing is expected yet, as its author leaves it. */
const STARTED = `# Who asked for it: the review board.
name: started
migration: { file: migration.sql, sha256: not yet }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect:
  distributions:
    - name: units by state
      sql: select state, count(*) as units from unit group by state
lockTimeoutSeconds: 2 # the shop is open
statementTimeoutSeconds: 30
`

const propose = (folder: string, ...more: string[]) =>
  home.at.cutter(['migrate', 'propose', folder, '--target', 'shop', ...more, '--json'])

const backups = () => readdirSync(home.at.path('var/backups')).sort()

/** Copies that a proposal left: it has to remove its own. */
const copiesOfProposals = async () => {
  const listed = jsonOf<{ runId: string }[]>(await home.at.cutter(['rehearsal', 'list', '--json']))
  return listed.filter(({ runId }) => runId.startsWith('propose-'))
}

function startedBundle(text = STARTED, parts: Parameters<typeof writeMigrationBundle>[2] = {}): string {
  const folder = writeMigrationBundle(home.at, 'started', parts)
  writeFileSync(join(folder, 'bundle.yaml'), text)
  return folder
}

const specOf = (folder: string) => {
  const read = readYaml(readFileSync(join(folder, 'bundle.yaml'), 'utf8'))
  return ('value' in read ? read.value : read.fault) as { expect: typeof EXPECTED; sideEffects: object[] }
}
const errorOf = (answer: Awaited<ReturnType<typeof propose>>) => jsonOf<{ error: ErrorJson }>(answer).error
const sorted = <T>(list: T[]) => [...list].map((one) => JSON.stringify(one)).sort()

describe.skipIf(skipped !== null)('migrate propose', { timeout: 300_000 }, () => {
  test('writes what a person would have written, keeps the rest, and the run that follows reaches its gate', async () => {
    const { shop } = await home.createShop()
    const folder = startedBundle()
    const proposed = await propose(folder)
    expect([proposed.code, proposed.stderr]).toEqual([0, ''])
    const answer = ANSWERS['migration-proposal']!.schema.safeParse(jsonOf(proposed))
    expect(answer.error?.issues ?? []).toEqual([])
    const { expect: found, sideEffects } = specOf(folder)
    expect(sorted(found.schema.added)).toEqual(sorted(EXPECTED.schema.added))
    expect([found.schema.removed, found.schema.changed, found.rows]).toEqual([[], [], EXPECTED.rows])
    expect(sorted(found.distributions[0]!.rows)).toEqual(sorted(EXPECTED.distributions[0]!.rows))
    expect(sideEffects).toEqual([
      {
        what: 'set by a trigger, a function or a cascade: no statement of the script names it',
        table: 'public.unit',
        columns: ['updated_at'],
        rows: 86,
      },
    ])
    const text = readFileSync(join(folder, 'bundle.yaml'), 'utf8')
    expect(text).toContain('# Who asked for it: the review board.\n')
    expect(text).toContain('lockTimeoutSeconds: 2 # the shop is open\n')
    const run = jsonOf(await migrate(home.at, folder, '--mode', 'live'))
    expect([run.status, run.state, run.gate]).toEqual(['paused', 'AWAITING_MIGRATION_AUTHORIZATION', 'SG1'])

    // What it saw proves nothing by itself: a target that is otherwise by then stops the next run by name.
    await shop.query(`set role shop_owner; insert into unit values (87, 'Unit 87', 'section', '2025-01-01')`)
    const other = jsonOf(
      await migrate(home.at, startedBundle(text, { preflight: "select 'any' as name, true as ok;" })),
    )
    expect(other.stopCode).toBe('STOP_REHEARSAL_FAILED')
    expect(other.stop?.message).toContain('public.unit: 87 rows updated, 86 expected')
  })

  test('uses the copy that is there, until the schema of the target changes or a new one is asked for', async () => {
    const { shop } = await home.createShop()
    const copyOf = async (...more: string[]) => {
      const folder = startedBundle(STARTED, { migration: `${MIGRATION}-- ${more.length}\n` })
      const { bundles, copy } = jsonOf<ProposedBundles>(await propose(folder, ...more))
      expect(bundles[0]!.expect.rows['public.unit']).toMatchObject({ updated: 86 })
      return copy
    }
    const first = await copyOf()
    expect(first.reused).toBe(false)
    const before = backups()
    expect(await copyOf()).toEqual({ ...first, reused: true })
    expect(backups()).toEqual(before)
    expect(await copyOf('--fresh')).toMatchObject({ reused: false })
    await shop.query('set role shop_owner; create table elsewhere (id int); reset role')
    expect(await copyOf()).toMatchObject({ reused: false })
    expect(await copiesOfProposals()).toEqual([])
  })

  test('keeps the words of side effects, tells apart what statements set, and counts what runs outside of the transaction', async () => {
    await home.createShop()
    const migration = `update unit set title = upper(title) where kind = 'article';
create sequence orders;
select nextval('tickets');
create index concurrently unit_title on unit (title);
`
    const folder = startedBundle(
      `${STARTED.replace(/expect:.*?lock/s, 'lock')}nonTransactional: [4]
sideEffects: [{ what: our trigger, table: public.unit, columns: [updated_at] }]
`,
      {
        migration,
        verify: "select 'there' as name, to_regclass('public.unit_title') is not null as ok;",
        rollback: 'drop index unit_title;\n',
      },
    )
    expect((await propose(folder)).code).toBe(0)
    expect(specOf(folder)).toMatchObject({
      expect: {
        schema: { added: expect.arrayContaining(['index public.unit_title', 'sequence public.orders']) },
        rows: { 'public.unit': { updated: 28, columns: ['title'] } },
        sequences: ['public.tickets'],
      },
      sideEffects: [{ what: 'our trigger', table: 'public.unit', columns: ['updated_at'], rows: 28 }],
    })
    const run = jsonOf(await migrate(home.at, folder))
    expect([run.status, run.state]).toEqual(['paused', 'AWAITING_MIGRATION_AUTHORIZATION'])
  })

  test('makes what is missing, rehearses several in order on one copy, and keeps the ranges of the author', async () => {
    await home.createShop()
    const first = home.at.path('made')
    mkdirSync(first)
    writeFileSync(
      join(first, 'migration.sql'),
      'create table review (id int primary key);\nalter table unit add column state text;\ncreate index unit_state on unit (state);\n',
    )
    const second = startedBundle(
      STARTED.replace(
        /expect:.*?lock/s,
        'expect: { rows: { public.unit: { updated: { min: 1, max: 90 } } } }\nlock',
      ),
      {
        migration: "update unit set state = 'draft';\n",
        preflight: "select 'any' as name, true as ok;\n",
        rollback: 'update unit set state = null;\n',
        verify: "select 'there' as name, bool_and(state = 'draft') as ok from public.unit;\n",
      },
    )
    const proposed = await propose(first, second)
    expect([proposed.code, proposed.stderr]).toEqual([0, ''])
    const { bundles } = jsonOf<ProposedBundles>(proposed)
    expect(bundles.map(({ made }) => made)).toEqual([
      ['preflight.sql', 'verify.sql', 'rollback.sql', 'bundle.yaml'],
      [],
    ])
    expect(readFileSync(join(first, 'preflight.sql'), 'utf8')).toContain(
      "'table public.review is not there' as name",
    )
    expect(readFileSync(join(first, 'verify.sql'), 'utf8')).toContain(
      "'column public.unit.state is there' as name",
    )
    expect(readFileSync(join(first, 'rollback.sql'), 'utf8')).toBe(
      '-- Made by cutter migrate propose: it drops what the script adds.\ndrop index "public"."unit_state";\nalter table "public"."unit" drop column "state";\ndrop table "public"."review";\n',
    )
    expect(specOf(second)).toMatchObject({
      expect: { rows: { 'public.unit': { updated: { min: 1, max: 90 }, columns: ['state'] } } },
    })
    const run = jsonOf(await migrate(home.at, first))
    expect([run.status, run.state]).toEqual(['paused', 'AWAITING_MIGRATION_AUTHORIZATION'])
    const plan = jsonOf<{ plan: { rollback: { leaves: object } } }>(
      await home.at.cutter(['run', 'plan', run.runId, '--json']),
    )
    expect(JSON.stringify(plan)).toContain('"leaves":{"added":[],"changed":[],"removed":[]}')
  })

  test.each([
    ['a script that the server rejects', { migration: 'alter table nowhere add column a int;\n' }, 'nowhere'],
    ['a check that fails', { verify: "select 'never' as name, false as ok;\n" }, 'never'],
    ['a rollback without a statement', { rollback: '-- nothing yet\n' }, 'rollback.sql: holds no statement'],
    [
      'an update of a table without a key',
      {
        migration: `${MIGRATION}create table k (a int); insert into k values (1);\n`,
        rollback: `${ROLLBACK}drop table nothing;\n`,
      },
      'nothing',
    ],
  ])('refuses %s, and leaves bundle.yaml as it was', async (_, parts, words) => {
    await home.createShop()
    const folder = startedBundle(STARTED, parts)
    const refused = await propose(folder)
    expect([refused.code, errorOf(refused).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(refused).message).toContain(words)
    expect(readFileSync(join(folder, 'bundle.yaml'), 'utf8')).toBe(STARTED)
    expect(await copiesOfProposals()).toEqual([])
  })
})
