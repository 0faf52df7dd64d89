import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  aSigner,
  charter,
  disableExecution,
  enableExecution,
  growth,
  historyOf,
  LIVE,
  rehearseOn,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'
import { connectClient, findDeadPort } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import { whileLegAWrites } from './live-home.ts'

const CONFIG = `${LIVE}
targets:
  main: { readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL, ownerUrlEnv: OWNER_URL }
`

let at: CutterHome
let key: string
let cluster: Cluster
let superuser: pg.Client
let dead: string

const urlFor = (role: string, database = 'main') => {
  const url = new URL(cluster.url(database, role))
  url.password = 'as-good-as-any'
  return url.href
}

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  key = aSigner(at)
  at.file('small.md', charter('One.', 'Two.'))
  cluster = await startCluster()
  const maker = await connectClient(cluster.url())
  await maker.query('create database main')
  await maker.query('create database taken')
  await maker.end()
  dead = `postgresql://nobody:nothing@127.0.0.1:${await findDeadPort()}/main`
  Object.assign(at.env, {
    READER_URL: urlFor('cutter_reader'),
    EXECUTOR_URL: urlFor('cutter_executor'),
    VERIFIER_URL: urlFor('cutter_verifier'),
    OWNER_URL: urlFor('postgres'),
  })
  superuser = await connectClient(cluster.url('main'))
  await enableExecution(at)
  // Rehearsals go to the embedded server, which stays up between commands.
  await at.server()
})

afterAll(async () => {
  await superuser.end()
  await at.remove()
  await cluster.stop()
})

const main = (document: string, mode?: 'live') =>
  ({ document, source: 'small.md', target: 'main', ...(mode === undefined ? {} : { mode }) }) as const

describe('target init', () => {
  test('target init makes an empty database a target, once', async () => {
    const first = await at.cutter(['target', 'init', 'main', '--json'])
    expect(first.code).toBe(0)
    const { applied } = jsonOf<{ applied: string[] }>(first)
    expect(applied.length).toBeGreaterThan(3)
    const again = await at.cutter(['target', 'init', 'main', '--json'])
    expect(jsonOf<object>(again)).toEqual({ target: 'main', applied: [], already: applied })
  })

  test('target init refuses a database that has other tables of those names, and does not change it', async () => {
    const taken = await connectClient(cluster.url('taken'))
    await taken.query('create table information_unit (note text)')
    const env = {
      READER_URL: urlFor('cutter_reader', 'taken'),
      EXECUTOR_URL: urlFor('cutter_executor', 'taken'),
      VERIFIER_URL: urlFor('cutter_verifier', 'taken'),
      OWNER_URL: urlFor('postgres', 'taken'),
    }
    const answer = await at.cutter(['target', 'init', 'main', '--json'], { env })
    expect(answer.code).toBe(1)
    expect(jsonOf(answer).error?.code).toBe('TARGET_REFUSED')
    expect(answer.stderr).toContain('table public.information_unit')
    const { rows } = await taken.query(
      "select count(*)::int as n from pg_namespace where nspname = 'cutter_governance'",
    )
    expect(rows).toEqual([{ n: 0 }])
    await taken.end()
  })

  test('target init needs the owner’s URL, and names the variable that must hold it', async () => {
    const unset = await at.cutter(['target', 'init', 'main'], { env: { OWNER_URL: '' } })
    expect(unset.code).toBe(1)
    expect(unset.stderr).toContain('OWNER_URL')
    const away = await at.cutter(['target', 'init', 'main', '--json'], { env: { OWNER_URL: dead } })
    expect(away.code).toBe(1)
    expect(jsonOf(away).error?.code).toBe('TARGET_UNREACHABLE')
    for (const url of ['postgresql://postgres:h4rd-to-guess@host:port/main', 'h4rd-to-guess']) {
      const unreadable = await at.cutter(['target', 'init', 'main', '--json'], { env: { OWNER_URL: url } })
      expect(unreadable.code).toBe(1)
      expect(jsonOf(unreadable).error).toMatchObject({
        code: 'TARGET_REFUSED',
        message: expect.stringContaining('the environment variable OWNER_URL'),
      })
      expect(unreadable.stdout + unreadable.stderr).not.toContain('h4rd-to-guess')
    }
    const nowhere = await at.cutter(['target', 'init', 'mars', '--json'])
    expect([nowhere.code, jsonOf(nowhere).error?.code]).toEqual([4, 'TARGET_NOT_FOUND'])
  })
})

describe('target survey', () => {
  test('target survey shows what a run reads, with the reader’s login', async () => {
    const answer = await at.cutter(['target', 'survey', 'main', '--json'])
    expect(answer.code).toBe(0)
    expect(jsonOf<object>(answer)).toMatchObject({
      target: 'main',
      grantsMatch: true,
      transactionId: null,
      server: { database: 'main', user: 'cutter_reader' },
    })
  })
})

describe('target grants', () => {
  type Grants = { grantsMatch: boolean; grantMatrixDigest: string; expectedDigest: string; wrong: string[] }
  const grants = () => at.cutter(['target', 'grants', 'main', '--json'])

  test('target grants lists the privileges of each role, and exits with 3 when a role has too many', async () => {
    const good = await grants()
    expect([good.code, jsonOf<Grants>(good)]).toMatchObject([0, { grantsMatch: true, wrong: [] }])
    expect(jsonOf<Grants>(good).grantMatrixDigest).toBe(jsonOf<Grants>(good).expectedDigest)
    await superuser.query('grant delete on public.unit_version to cutter_verifier')
    try {
      const bad = await grants()
      const fact = 'verifier_may_change_unit_version'
      expect([bad.code, jsonOf(bad)]).toMatchObject([
        3,
        { grantsMatch: false, facts: expect.arrayContaining([{ fact, holds: true, expected: false }]) },
      ])
      const { stdout } = await at.cutter(['target', 'grants', 'main'])
      expect(stdout).toMatch(new RegExp(`^${fact} +yes +no +<-- differs$`, 'm'))
    } finally {
      await superuser.query('revoke delete on public.unit_version from cutter_verifier')
    }
  })
})

describe('a dry run on a configured target', () => {
  test('a dry run closes without executor and verifier, because it connects as the reader only', async () => {
    const reader = at.env.READER_URL
    Object.assign(at.env, { EXECUTOR_URL: dead, VERIFIER_URL: dead, OWNER_URL: dead })
    const before = await rowsIn(superuser)
    const runId = await started(at, main('DRY'))
    await rehearseOn(at, runId)
    const finished = await rehearseOn(at, runId)
    expect(finished.code).toBe(0)
    expect(jsonOf(finished)).toMatchObject({
      outcome: 'succeeded',
      output: { target: { name: 'main', database: 'main' }, counts: { identical: true } },
    })
    expect(await rowsIn(superuser)).toEqual(before)

    // A closed run needs no connection.
    const history = await historyOf(at, runId)
    at.env.READER_URL = dead
    const again = await resume(at, runId)
    expect(again.code).toBe(0)
    expect(jsonOf<RunJson>(again)).toEqual(jsonOf<RunJson>(finished))
    expect(await historyOf(at, runId)).toEqual(history)
    Object.assign(at.env, {
      READER_URL: reader,
      EXECUTOR_URL: urlFor('cutter_executor'),
      VERIFIER_URL: urlFor('cutter_verifier'),
    })
  })

  test('a dry run names the tables that others changed meanwhile', async () => {
    const runId = await started(at, main('WATCHED'))
    await rehearseOn(at, runId)
    await superuser.query(
      "select * from fn_iu_create(p_address => 'OTHER/ARTICLE-1', p_title => 'x', p_body => 'x', p_actor => 'somebody', p_doc_code => 'OTHER')",
    )
    const answer = await rehearseOn(at, runId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer).stopCode).toBe('STOP_COUNTS_CHANGED_BY_OTHERS')
    expect(jsonOf(answer).stop?.message).toContain('information_unit, unit_version')
  })
})

describe('a live run on a configured target', () => {
  test('a live run writes to the configured target and not to the embedded server', async () => {
    const before = await rowsIn(superuser)
    const runId = await started(at, main('LIVE', 'live'))
    await approve(at, runId, key)
    expect(jsonOf(await approve(at, runId, key)).outcome).toBe('succeeded')
    expect(growth(before, await rowsIn(superuser))).toEqual({ units: 2, versions: 2, log: 2, governance: 18 })
    const own = await at.superuser('postgres')
    const { rows } = await own.query("select datname from pg_database where datname ~ '^(cutter|scratch_)'")
    // The stopped dry run above still has its rehearsal database.
    expect(rows.filter(({ datname }) => datname === 'cutter' || datname.endsWith(runId.slice(-8)))).toEqual(
      [],
    )
  })
})

describe('a target with other privileges or triggers than Cutter’s', () => {
  async function expectStopAtProbe(change: string, back: string, code: string, words: string) {
    await superuser.query(change)
    try {
      const answer = await start(at, main(code, 'live'))
      expect(answer.code).toBe(3)
      expect(jsonOf(answer)).toMatchObject({
        status: 'stopped',
        state: 'PRE_WRITE_BACKUP_TAKEN',
        stopCode: code,
      })
      expect(jsonOf(answer).stop?.message).toContain(words)
      await superuser.query(back)
      expect(jsonOf(await resume(at, jsonOf(answer).runId))).toMatchObject({ gate: 'SG1', status: 'paused' })
    } finally {
      await superuser.query(back).catch(() => undefined)
    }
  }

  test('a run stops while a role has too many privileges', () =>
    expectStopAtProbe(
      'grant delete on public.unit_version to cutter_verifier',
      'revoke delete on public.unit_version from cutter_verifier',
      'STOP_GRANTS_MISMATCH',
      'verifier_may_change_unit_version is true, expected false',
    ))

  test('a run stops when a trigger is missing, and names it', () =>
    expectStopAtProbe(
      'drop trigger a_never_deleted on public.information_unit',
      `create trigger a_never_deleted before delete on public.information_unit for each statement
         execute function cutter_governance.refuse('CU003', 'a unit is never deleted', 'retire it with fn_iu_retire')`,
      'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      'the target lacks the trigger public.information_unit.a_never_deleted',
    ))
})

/** Objects that let leg A pass, and refuse a later write of a live run. */
const REFUSING: { what: string; sql: string; named: string }[] = [
  {
    what: 'a trigger that refuses what comes into force',
    sql: `create trigger "Not yet" before update on public.information_unit for each row when (new.lifecycle_status = 'enacted')
      execute function public.refuse_it()`,
    named: 'one trigger more: public.information_unit.Not yet',
  },
  {
    what: 'a trigger that refuses the review of the second gate',
    sql: `create trigger no_reviews before insert on cutter_governance.review_decision for each row
      when (new.governance_event_kind <> 'cut') execute function public.refuse_it()`,
    named: 'one trigger more: cutter_governance.review_decision.no_reviews',
  },
  {
    what: 'a trigger that refuses the verifier',
    sql: `create trigger no_results before insert on cutter_governance.verify_result for each statement
      execute function public.refuse_it()`,
    named: 'one trigger more: cutter_governance.verify_result.no_results',
  },
  {
    what: 'a trigger that refuses later tokens of a run',
    sql: 'create trigger no_tokens before update on cutter_fencing.token for each row execute function public.refuse_it()',
    named: 'one trigger more: cutter_fencing.token.no_tokens',
  },
  {
    what: 'a unique index that allows one unit in force',
    sql: `create unique index one_in_force on public.information_unit (doc_code) where lifecycle_status = 'enacted' and doc_code = 'TWO'`,
    named: 'one index more: public.one_in_force',
  },
  {
    what: 'a constraint that refuses what comes into force',
    sql: `alter table public.unit_version add constraint stays_draft check (lifecycle_status <> 'enacted') not valid`,
    named: 'one constraint more: public.unit_version.stays_draft',
  },
]

describe('a target with one object more', () => {
  beforeAll(() =>
    superuser.query(
      "create function public.refuse_it() returns trigger language plpgsql as $$ begin raise 'not here'; end $$",
    ),
  )

  /** Does what the stop advises, as the owner of the database. */
  async function obey(run: RunJson): Promise<void> {
    const sql = /drop it there: (.*?); if not/.exec(run.stop?.next ?? '')?.[1]
    expect(sql).toBeDefined()
    await superuser.query(sql!)
  }
  const expectNamed = (run: RunJson, named: string) =>
    expect(run).toMatchObject({
      stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      stop: { message: expect.stringContaining(`the target has ${named}`) },
    })

  test.each(REFUSING)('a live run stops before the first gate at $what', async ({ sql, named }) => {
    await superuser.query(sql)
    const run = jsonOf(await start(at, main('TWO', 'live')))
    expectNamed(run, named)
    await obey(run)
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ gate: 'SG1', status: 'paused' })
    await at.cutter(['run', 'cancel', run.runId, '--reason', 'tried'])
  })

  const AFTER_LEG_A = REFUSING.filter(({ sql }) => !sql.includes('no_tokens'))

  test.each(AFTER_LEG_A)(
    'a live run stops before the second gate at $what that came after leg A',
    async ({ sql, named }) => {
      const document = `LATER-${REFUSING.findIndex((one) => one.named === named)}`
      const { runId } = jsonOf(await start(at, main(document, 'live')))
      const { approvalId } = await sign(at, runId, key)
      const halted = await whileLegAWrites({ at, superuser, runId, approvalId }, () => disableExecution(at))
      expect(jsonOf(halted)).toMatchObject({ phase: 'leg_b_record', stopCode: 'STOP_EXECUTION_DISABLED' })
      await enableExecution(at)
      await superuser.query(sql)
      const stopped = jsonOf(await resume(at, runId))
      expect(stopped.state).toBe('LEG_B_RECORDED')
      expectNamed(stopped, named)
      await obey(stopped)
      expect(jsonOf(await resume(at, runId)).gate).toBe('SG2')
      expect(jsonOf(await approve(at, runId, key)).outcome).toBe('succeeded')
    },
  )
})

describe('a target with a role of others that may read', () => {
  test('a live run goes to its end once the grants were reviewed', async () => {
    await superuser.query('create role reporting; grant select on public.information_unit to reporting')
    try {
      const stopped = jsonOf(await start(at, main('REVIEWED', 'live')))
      expect(stopped.stopCode).toBe('STOP_GRANTS_MISMATCH')
      const { found } = stopped.stop!.data as { found: string }
      at.file('cutter.yaml', CONFIG.replace('{ reader', `{ grantMatrixDigest: '${found}', reader`))
      expect(jsonOf(await resume(at, stopped.runId))).toMatchObject({ gate: 'SG1', status: 'paused' })
      await approve(at, stopped.runId, key)
      expect(jsonOf(await approve(at, stopped.runId, key)).outcome).toBe('succeeded')
    } finally {
      at.file('cutter.yaml', CONFIG)
      await superuser.query('drop owned by reporting; drop role reporting')
    }
  })
})
