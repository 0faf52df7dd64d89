// cspell:ignore sqlerrm
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unpackTar } from '../../src/bundle/tar.ts'
import type { RehearsalResult } from '../../src/effects/migrate/rehearsal-result.ts'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { connectClient } from '../support/connections.ts'
import { NOBODY, whyNotAsNobody } from '../support/ordinary-user.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import {
  type Production,
  skipWithoutPgDump,
  startProduction,
  writeMigrationBundle,
} from '../support/shop-migration.ts'
import { HIDDEN_OBJECTS, TOUCHING_CHECKS } from './attempts/of-checks.ts'
import {
  AS_OWNER,
  KNOWN_TO_OTHERS,
  NOT_FOR_OTHERS,
  POWERS,
  plantedObjects,
  TOUCHES,
} from './attempts/of-restored-objects.ts'
import { REFUSED, SCRIPT_ATTEMPTS } from './attempts/of-scripts.ts'

/**
 * A dry run of the built program, of a migration whose script, checks and restored objects attempt to reach what is outside of the
 * copy. All attempts of a kind are in one run, each in a savepoint of its own, and each is judged by itself.
 */

const skipped = skipWithoutPgDump('attempts to leave a rehearsal')
const notAsNobody = whyNotAsNobody()
if (notAsNobody !== null) console.info(`skipped: attempts under another user: ${notAsNobody}`)

const ATTEMPTS = { ...SCRIPT_ATTEMPTS, ...TOUCHES }
const quoted = (text: string) => `$quoted$${text}$quoted$`

/** Tries each statement, records how it ended, and takes back what it did in the database. */
const script = (folder: string) => `
create table public.tried (attempt text primary key, outcome text not null);
do $do$
declare one record;
begin
  perform set_config('planted.armed', 'on', true);
  for one in select * from (values ${Object.entries(ATTEMPTS)
    .map(([what, text]) => `(${quoted(what)}, ${quoted(text.replaceAll('FOLDER', folder))})`)
    .join(',\n')}) t (attempt, statement) loop
    begin
      execute one.statement;
      raise exception using errcode = 'ZZ001';
    exception
      when sqlstate 'ZZ001' then insert into public.tried values (one.attempt, 'went through');
      when sqlstate 'ZZ002' then insert into public.tried values (one.attempt, sqlerrm);
      when others then insert into public.tried values (one.attempt, sqlstate);
    end;
  end loop;
end $do$;
`

/** Where and as whom the attempts are made. */
interface Place {
  role: 'shop_owner' | 'postgres'
  server: 'a server of Cutter' | 'a named server'
  as?: typeof NOBODY
}
const PLACES: Place[] = [
  { role: 'shop_owner', server: 'a server of Cutter' },
  { role: 'postgres', server: 'a server of Cutter' },
  { role: 'shop_owner', server: 'a named server' },
  ...(notAsNobody === null
    ? [{ role: 'shop_owner', server: 'a server of Cutter', as: NOBODY } as const]
    : []),
]
const titled = PLACES.map((place): [string, Place] => [
  `a migration of ${place.role} on ${place.server}${place.as === undefined ? '' : ', run by an ordinary user'}`,
  place,
])

/** What must be the same on a server afterwards. */
const WORLD = `select jsonb_build_object(
  'roles', (select jsonb_agg(to_jsonb(r) order by rolname) from pg_roles r where rolname !~ '^(cutter_|shop_|intruder$|postgres$|hidden)'),
  'memberships', (select jsonb_agg(g.rolname || ' to ' || m.rolname) from pg_auth_members a join pg_roles g on g.oid = roleid join pg_roles m on m.oid = member
    where g.rolname ~ '^(pg_|cutter_restore_)' and m.rolname !~ '^(pg_|cutter_restore_|chief$|keeper$)'),
  'slots', (select count(*) from pg_replication_slots), 'origins', (select count(*) from pg_replication_origin),
  'tablespaces', (select count(*) from pg_tablespace), 'subscriptions', (select count(*) from pg_subscription),
  'superusers', (select count(*) from pg_roles where rolsuper), 'replicators', (select count(*) from pg_roles where rolreplication),
  'settings', (select jsonb_agg(to_jsonb(s) order by setdatabase, setrole) from pg_db_role_setting s where setrole <> 0),
  'known', (select jsonb_agg(rolname) from pg_authid where rolpassword = '${KNOWN_TO_OTHERS}'),
  'files', (select count(*) from pg_file_settings)) as world`
/** What must be the same in the database that is migrated. */
const SHOP = `select jsonb_build_object('objects', (select count(*) from pg_class), 'functions', (select count(*) from pg_proc),
  'ticket', (select last_value from public.tickets), 'large objects', (select count(*) from pg_largeobject_metadata),
  'locks', (select count(*) from pg_locks where locktype = 'advisory'), 'extensions', (select count(*) from pg_extension)) as world`
const worldOf = async (client: pg.Client, text: string) =>
  (await client.query<{ world: object }>(text)).rows[0]!.world

async function outcomesIn(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ attempt: string; outcome: string }>('select * from public.tried')
  return new Map(rows.map(({ attempt, outcome }) => [attempt, outcome]))
}

/** Gives a home to the user that runs Cutter there. It follows no link, such as that to the packages of this checkout. */
const giveHome = (home: string, { uid, gid }: typeof NOBODY) =>
  execFileSync('chown', ['-R', '-P', '-h', `${uid}:${gid}`, home])

const aFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-attempts-'))
  chmodSync(folder, 0o777)
  return folder
}

describe.skipIf(skipped !== null).each(titled)('%s', { timeout: 600_000 }, (_, { role, server, as }) => {
  let at: CutterHome
  let production: Production
  let copies: Cluster
  let folder: string
  let shop: pg.Client
  let heard: string[]
  let worlds: { [of: string]: [before: object, after: object] }
  let outcomes: Map<string, string>
  let plan: {
    checksOnTarget: { check: string; asked: string; because?: string }[]
    notRehearsedWith: string[]
  }
  let done: RunJson

  const cutter = (...args: string[]) => at.cutter(args, as ?? {})

  beforeAll(async () => {
    folder = aFolder()
    at = aCutterHome(`targets:
  shop: { migratorUrlEnv: SHOP_URL${server === 'a named server' ? ', rehearsalUrlEnv: COPIES_URL' : ''} }
`)
    production = await startProduction()
    copies = await startCluster(undefined, 'keeper')
    const keeper = await connectClient(copies.url())
    await keeper.query("create role chief login createrole createdb password 'of the chief'")
    // As the refusal without it says: policies matter here, and only a superuser makes such a role.
    await keeper.query(
      "create role postgres bypassrls; comment on role postgres is 'made by cutter for rehearsals'",
    )
    at.env.COPIES_URL = copies.url('postgres', 'chief:of%20the%20chief')
    at.env.SHOP_URL = production.url('shop', role)
    const maker = await connectClient(production.url())
    await maker.query('create role intruder')
    shop = await production.shop('shop')
    await shop.query('grant create on database shop to shop_owner')
    await shop.query(plantedObjects('shop', server === 'a named server').replaceAll('FOLDER', folder))
    await shop.query('create event trigger watching on ddl_command_end execute function planted.watch()')
    await shop.query(HIDDEN_OBJECTS)
    await maker.query("alter database shop set session_preload_libraries = 'auto_explain'")
    await maker.query("alter role shop_owner set session_preload_libraries = 'auto_explain'")
    const worker = await connectClient(
      `${production.url('shop', 'shop_owner')}?application_name=production-worker`,
    )
    heard = []
    worker.on('notification', ({ channel }) => heard.push(channel))
    worker.on('error', () => heard.push('ended'))
    await worker.query('listen deploy')
    const read = async () => ({
      production: await worldOf(maker, WORLD),
      shop: await worldOf(shop, SHOP),
      copies: await worldOf(keeper, WORLD),
    })
    const before = await read()
    const bundle = writeMigrationBundle(at, 'attempts', {
      migration: script(folder),
      preflight: TOUCHING_CHECKS.map(({ what, sql }) => `select '${what}' as name, ${sql} as ok;`).join('\n'),
      verify: `select attempt || ' → ' || outcome as name, true as ok from public.tried;`,
      rollback: 'drop table public.tried',
      spec: {
        expect: {
          schema: { added: ['table public.tried'] },
          rows: { 'public.tried': { inserted: Object.keys(ATTEMPTS).length } },
        },
        sideEffects: [],
      },
    })
    if (as !== undefined) giveHome(at.home, as)
    const run = jsonOf<RunJson>(
      await cutter('run', 'start', 'migrate', '--bundle', bundle, '--target', 'shop', '--json'),
    )
    expect(run.stop).toBeUndefined()
    plan = jsonOf(await cutter('run', 'plan', run.runId))
    const { approvalId } = jsonOf<{ approvalId: string }>(
      await cutter('approval', 'rehearse', run.runId, '--json'),
    )
    done = jsonOf(await cutter('run', 'resume', run.runId, '--approval', approvalId, '--json'))
    outcomes = await outcomesOf(run.runId)
    await worker.query('select 1')
    const after = await read()
    worlds = Object.fromEntries(
      (['production', 'shop', 'copies'] as const).map((of) => [of, [before[of], after[of]]]),
    )
    await Promise.all([maker.end(), keeper.end(), worker.end()])
  }, 600_000)

  afterAll(async () => {
    await at.remove()
    await copies.stop()
    await production.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 300_000)

  /** How each attempt ended on the copy, as the evidence of the rehearsal has it. */
  async function outcomesOf(runId: string): Promise<Map<string, string>> {
    const bundle = at.path('attempts.tar')
    await cutter('run', 'export', runId, '--out', bundle)
    const unpacked = await unpackTar(readFileSync(bundle))
    if ('fault' in unpacked) throw new Error(unpacked.fault)
    const texts = [...unpacked.files.values()].map((bytes) => Buffer.from(bytes).toString())
    const results = texts
      .filter((text) => text.startsWith('{') && text.includes('"verify":['))
      .map((text) => JSON.parse(text) as RehearsalResult)
    const { verify } = results.find(({ inside }) => inside !== undefined)!
    return new Map(verify.map(({ name }) => name.split(' → ') as [string, string]))
  }

  test('the dry run reaches its end, and the plan names what was not restored', () => {
    expect(done).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(plan.notRehearsedWith).toEqual(['event trigger watching'])
  })

  test.each(Object.keys(SCRIPT_ATTEMPTS))('the server of the copy refuses a script that %s', (what) => {
    expect(outcomes.get(what)).toMatch(REFUSED)
  })

  test.each(Object.keys(TOUCHES))('code in %s reaches nothing', (what) => {
    const expected = role === 'postgres' ? undefined : NOT_FOR_OTHERS[what]
    expect(outcomes.get(what)).toBe(expected ?? 'ran and reached:')
  })

  test.each(TOUCHING_CHECKS)('production is not asked a check that $what', ({ what, because }) => {
    const at = TOUCHING_CHECKS.findIndex((check) => check.what === what)
    expect(plan.checksOnTarget[at]).toMatchObject({
      asked: 'seen on the copy only',
      because: expect.stringMatching(because),
    })
  })

  test('nothing outside of the copy has changed: files, servers, production, its sessions', () => {
    expect(readdirSync(folder)).toEqual([])
    for (const [of, [before, after]] of Object.entries(worlds)) expect(after, of).toEqual(before)
    expect(heard).toEqual([])
  })
})

describe.skipIf(skipped !== null)('on an ordinary server, as its superuser', { timeout: 300_000 }, () => {
  let server: Cluster
  let folder: string
  let outcomes: Map<string, string>

  beforeAll(async () => {
    folder = aFolder()
    server = await startCluster()
    const client = await connectClient(server.url())
    await client.query('create role intruder')
    await client.query(plantedObjects('elsewhere').replaceAll('FOLDER', folder))
    await client.query(script(folder))
    outcomes = await outcomesIn(client)
    await client.end()
  }, 300_000)
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 120_000)

  test.each(Object.keys(SCRIPT_ATTEMPTS))('a script that %s goes through', (what) => {
    expect(outcomes.get(what)).toBe('went through')
  })
  test.each(Object.keys(TOUCHES))('code in %s reaches what whoever runs it may', (what) => {
    const reached = AS_OWNER.includes(what) ? [] : Object.keys(POWERS)
    expect(outcomes.get(what)).toBe(['ran and reached:', ...reached].join(' '))
  })
  test('files and programs leave their marks in a folder', async () => {
    await expect
      .poll(() => readdirSync(folder).sort())
      .toEqual([
        'planted-file',
        'planted-program',
        'script-binary',
        'script-pipe',
        'script-program',
        'script-stays',
      ])
  })
})
