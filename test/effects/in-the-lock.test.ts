import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scan } from '../../src/document/scan.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { Effect, EffectContext, WriteEffect } from '../../src/domain/effect.ts'
import { bytesEvidence, type Evidence, jsonEvidence } from '../../src/domain/evidence.ts'
import { textsInForce } from '../../src/effects/cut/in-force.ts'
import { type CutWorld, cutEffects } from '../../src/effects/cut/index.ts'
import { planLifecycle } from '../../src/effects/cut/lifecycle-plan.ts'
import { type CutPlan, planCut } from '../../src/effects/cut/plan.ts'
import { examineInForce } from '../../src/effects/cut/verifier.ts'
import { configuredTarget } from '../../src/targets/configured-target.ts'
import { startTarget, type TargetCluster } from '../support/cluster.ts'

/**
 * The world is checked at the gate, and once more inside the lock and the transaction that writes. Between the two lies too
 * little time to slip something in, so these tests call the writing effects with plans that were made before the change.
 */

let cluster: TargetCluster
let effects: Record<string, Effect>
let target: ReturnType<typeof configuredTarget>
let runs = 0

beforeAll(async () => {
  cluster = await startTarget()
  const role = (name: string) => cluster.url('main', `cutter_${name}`)
  const settings = { readerUrlEnv: 'READER', executorUrlEnv: 'EXECUTOR', verifierUrlEnv: 'VERIFIER' }
  const env = { READER: role('reader'), EXECUTOR: role('executor'), VERIFIER: role('verifier') }
  target = configuredTarget('main', { main: settings }, env)
  const world = {
    target: async () => target,
    readSource: async (path: string) => Buffer.from(path),
    documents: {},
    caps: { units: 10 },
  } as unknown as CutWorld
  effects = cutEffects(world)
})

afterAll(() => cluster.stop())

const TEXT = '## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n'

/** A live run at work, as an effect sees it: its evidence and the approval that it goes on under. */
class AtWork {
  readonly context: EffectContext
  private readonly kept = new Map<string, Uint8Array>()
  readonly document: string

  constructor(document?: string) {
    runs += 1
    this.document = document ?? `DOC-${runs}`
    const runId = `ictr-20260301T090000Z-${String(runs).padStart(8, '0')}`
    this.context = {
      runId,
      machine: 'cut',
      version: '1',
      mode: 'live',
      seq: 9,
      startedBy: 'deploybot',
      signal: new AbortController().signal,
      now: () => new Date(),
      evidence: async (digest) => this.kept.get(digest)!,
      approval: async () => approvalOf(runId),
      progress: () => undefined,
    }
  }

  keep({ digest, bytes }: Evidence): string {
    this.kept.set(digest, bytes)
    return digest
  }

  /** A plan of the world as it is now, as the gate would have it approved. */
  async planned(text = TEXT): Promise<{ plan: CutPlan; given: { [name: string]: string } }> {
    const { survey } = await target.survey(this.context, this.document)
    const bytes = Buffer.from(text)
    const found = scan(bytes, { document: this.document })
    const plan = planCut({
      document: this.document,
      mode: 'live',
      machineVersion: '1',
      bytes,
      scan: found,
      survey,
      inForce: await textsInForce(target, this.context, survey),
      unitCap: 10,
    })
    const given = {
      document: this.document,
      target: 'main',
      planDigest: this.keep(jsonEvidence('plan/SG1', plan)),
      sourceDigest: this.keep(bytesEvidence('source', 'text/plain', bytes)),
    }
    return { plan, given }
  }

  execute(name: string, given: object) {
    return (effects[name] as WriteEffect<object, { [fact: string]: unknown }>).execute(this.context, given)
  }

  probe(name: string, given: object) {
    return (effects[name] as WriteEffect<object, { [fact: string]: unknown }>).probe(this.context, given)
  }

  async units(): Promise<{ status: string; n: number }[]> {
    const { rows } = await cluster.superuser.query<{ status: string; n: number }>(
      'select lifecycle_status as status, count(*)::int as n from information_unit where doc_code = $1 group by 1 order by 1',
      [this.document],
    )
    return rows
  }

  insert(address: string, text: string) {
    return cluster.superuser.query(
      `select * from fn_iu_create(p_address => $1, p_title => 'x', p_body => $2, p_actor => 'somebody', p_doc_code => $3)`,
      [address, text, this.document],
    )
  }
}

function approvalOf(runId: string): Approval {
  const statement = {
    approver: 'alice@example.org',
    decision: 'approve',
    planDigest: 'sha256:0',
    reason: '',
    issuedAt: '2026-03-01T09:00:00.000Z',
    reviewDecisionId: `rd-${runId}-2`,
  }
  return { approvalId: `ap-${runId}`, kind: 'signed', statement } as unknown as Approval
}

describe('the cut, inside its lock', () => {
  test('writes nothing where units of the document have appeared since the plan, and names each', async () => {
    const run = new AtWork()
    const { given } = await run.planned()
    for (const n of [8, 9]) await run.insert(`${run.document}/ARTICLE-${n}`, `Somebody else’s ${n}.`)
    await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        message: expect.stringContaining(`${run.document}/ARTICLE-8 has appeared (draft) (and 1 more)`),
        data: {
          differences: [8, 9].map((n) => `unit ${run.document}/ARTICLE-${n} has appeared (draft)`),
        },
      },
    })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
    expect(await run.probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
  })

  test('writes nothing where a guard has gone since the plan, and names it', async () => {
    const run = new AtWork()
    const { given } = await run.planned()
    await cluster.superuser.query('drop trigger b_birth_gate_1 on public.unit_version')
    try {
      await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
        facts: {
          code: 'STOP_DRIFT',
          data: { differences: ['trigger removed: public.unit_version.b_birth_gate_1'] },
        },
      })
    } finally {
      await cluster.superuser.query(`create trigger b_birth_gate_1 before insert on public.unit_version
        for each row execute function cutter_governance.version_birth_gate_1()`)
    }
    expect(await run.units()).toEqual([])
  })

  test('writes where only another document changed, and its probe then tells that it did', async () => {
    const run = new AtWork()
    const { given } = await run.planned()
    await new AtWork().insert('ELSEWHERE/ARTICLE-1', 'Elsewhere.')
    const { output } = await run.execute('cut_leg_a', given)
    expect(output).toMatchObject({ created: 2, adopted: 0 })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
    expect(await run.probe('cut_leg_a', given)).toMatchObject({ outcome: 'committed', output })
  })

  test('waits for a writer of the same document, and then finds what that one wrote', async () => {
    const run = new AtWork()
    const { given } = await run.planned()
    const other = await cluster.connect('cutter_executor')
    await other.query('begin')
    await other.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `cutter/document/${run.document}`,
    ])
    const refused = expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: { code: 'STOP_DRIFT' },
    })
    await waitsForALock()
    await other.query(
      `select * from fn_iu_create(p_address => $1, p_title => 'x', p_body => 'x', p_actor => 'other', p_doc_code => $2)`,
      [`${run.document}/ARTICLE-3`, run.document],
    )
    await other.query('commit')
    await refused
    expect(await run.units()).toEqual([{ status: 'draft', n: 1 }])
  })
})

describe('the enactment, inside its lock', () => {
  async function cut() {
    const run = new AtWork()
    const { plan, given } = await run.planned()
    const legA = await run.execute('cut_leg_a', given)
    for (const one of legA.evidence ?? []) run.keep(one)
    await run.execute('leg_b_record', { ...given, legADigest: legA.output.legADigest })
    const { survey } = await target.survey(run.context, run.document)
    const lifecycle = jsonEvidence('plan/SG2', planLifecycle(plan, survey.units, survey.surface))
    const enactment = { ...given, planDigest: run.keep(lifecycle), cutPlanDigest: given.planDigest }
    return { run, enactment }
  }

  test('enacts nothing where a grant was added since the plan, and names it', async () => {
    const { run, enactment } = await cut()
    await cluster.superuser.query('grant insert on public.unit_version to cutter_verifier')
    try {
      await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
        facts: {
          code: 'STOP_DRIFT',
          data: { differences: ['grant added: insert on table public.unit_version to cutter_verifier'] },
        },
      })
    } finally {
      await cluster.superuser.query('revoke insert on public.unit_version from cutter_verifier')
    }
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
  })

  test('enacts nothing where drafts are no longer as they were made, and names what is otherwise', async () => {
    const { run, enactment } = await cut()
    const [one, other] = [`${run.document}/ARTICLE-1`, `${run.document}/ARTICLE-2`]
    await cluster.superuser.query("select * from fn_iu_add_version($1, 'x', 'Else.', 'somebody')", [one])
    await cluster.superuser.query(
      `insert into cutter_governance.review_decision (review_decision_id, governance_event_kind, verdict, findings,
         reviewer_class, reviewer_identity, decision_at, decided_by)
       values ('rd-other', 'enact', 'approve', '{}', 'human', 'somebody', now(), 'somebody')`,
    )
    await cluster.superuser.query(
      "select * from fn_iu_enact(p_address => $1, p_actor => 'somebody', p_review_decision_id => 'rd-other')",
      [other],
    )
    await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: [
            expect.stringMatching(
              `^unit ${one} has another text: sha256:[0-9a-f]{64} → sha256:[0-9a-f]{64}$`,
            ),
            `unit ${other} was draft, is enacted`,
            `unit ${other}, its version, was draft, is enacted`,
            `unit ${one} was at version 1, is at 2`,
          ],
        },
      },
    })
  })

  test('writes nothing to a target that is another database, however alike', async () => {
    const { run, enactment } = await cut()
    const plan = JSON.parse(Buffer.from(await run.context.evidence(enactment.planDigest)).toString())
    plan.target.database = 'elsewhere'
    const planDigest = run.keep(jsonEvidence('plan/SG2', plan))
    await expect(run.execute('lifecycle_enact', { ...enactment, planDigest })).rejects.toMatchObject({
      facts: { data: { differences: ['the target is another database: elsewhere → main'] } },
    })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
  })

  test('enacts all units where all is as planned, and its probe then tells that it did', async () => {
    const { run, enactment } = await cut()
    expect(await run.probe('lifecycle_enact', enactment)).toEqual({ outcome: 'not-committed' })
    expect((await run.execute('lifecycle_enact', enactment)).output).toMatchObject({ enacted: 2 })
    expect(await run.units()).toEqual([{ status: 'enacted', n: 2 }])
    expect(await run.probe('lifecycle_enact', enactment)).toMatchObject({
      outcome: 'committed',
      output: { enacted: 2 },
    })
  })
})

describe('a re-cut, inside its lock', () => {
  const AMENDED = '## Article 1\n\nOne.\n\n## Article 2\n\nTwo, and more.\n\n## Article 4\n\nFour.\n'

  /** Articles 1 to 3 in force, and a run that amends 2, takes out 3 and adds 4. */
  async function recut() {
    const first = new AtWork()
    await enacted(first, await first.planned(`${TEXT}\n## Article 3\n\nThree.\n`))
    const run = new AtWork(first.document)
    return { run, ...(await run.planned(AMENDED)) }
  }

  async function drafted(run: AtWork, { plan, given }: Awaited<ReturnType<AtWork['planned']>>) {
    const legA = await run.execute('cut_leg_a', given)
    for (const one of legA.evidence ?? []) run.keep(one)
    await run.execute('leg_b_record', { ...given, legADigest: legA.output.legADigest })
    const { survey } = await target.survey(run.context, run.document)
    const lifecycle = jsonEvidence('plan/SG2', planLifecycle(plan, survey.units, survey.surface))
    return { ...given, planDigest: run.keep(lifecycle), cutPlanDigest: given.planDigest! }
  }

  async function enacted(run: AtWork, planned: Awaited<ReturnType<AtWork['planned']>>) {
    await run.execute('lifecycle_enact', await drafted(run, planned))
  }

  const amend = (address: string, text: string) =>
    cluster.superuser.query("select * from fn_iu_add_version($1, 'x', $2, 'somebody')", [address, text])

  const inForce = (run: AtWork) =>
    target.read('verifier', run.context, (sql) => examineInForce(sql, `cs-${run.context.runId}`))

  test('writes nothing where a draft has come behind a unit in force since the plan', async () => {
    const { run, given } = await recut()
    await amend(`${run.document}/ARTICLE-1`, 'Somebody else’s.')
    await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: [
            expect.stringMatching(
              /^unit DOC-\d+\/ARTICLE-1, its draft behind that: none → sha256:[0-9a-f]{64}$/,
            ),
          ],
        },
      },
    })
    expect(await run.probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
    expect(await run.units()).toEqual([{ status: 'enacted', n: 3 }])
  })

  test('puts nothing into force where its draft is no longer the newest, or what should end has changed', async () => {
    const { run, plan, given } = await recut()
    const enactment = await drafted(run, { plan, given })
    expect(await run.probe('cut_leg_a', given)).toMatchObject({
      outcome: 'committed',
      output: { created: 1, versions: 2, adopted: 0 },
    })
    const [two, three] = [`${run.document}/ARTICLE-2`, `${run.document}/ARTICLE-3`]
    await amend(two, 'Else.')
    await amend(three, 'Three, otherwise.')
    await cluster.superuser.query(
      `select * from fn_iu_supersede(p_address => $1, p_version_seq => 2, p_actor => 'somebody',
         p_review_decision_id => (select review_decision_id from iu_lifecycle_log l join information_unit u on u.id = l.unit_id
           where u.canonical_address = $1))`,
      [three],
    )
    await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: expect.arrayContaining([
            expect.stringMatching(`^unit ${two}, its draft behind that: `),
            `unit ${two}, its draft, was at version 2, is at 3`,
            expect.stringMatching(`^unit ${three} has another text: `),
            `unit ${three} was at version 1, is at 2`,
          ]),
        },
      },
    })
    expect(await run.probe('lifecycle_enact', enactment)).toEqual({ outcome: 'not-committed' })
    expect(await run.units()).toEqual([
      { status: 'draft', n: 1 },
      { status: 'enacted', n: 3 },
    ])
  })

  test('is told by its probe, and by a verifier who sees whether the text is in force and nothing beside it', async () => {
    const { run, plan, given } = await recut()
    const enactment = await drafted(run, { plan, given })
    expect(await inForce(run)).toMatchObject({
      every_unit_of_the_text_is_in_force: false,
      nothing_else_of_the_document_is_in_force: true,
    })
    const { output } = await run.execute('lifecycle_enact', enactment)
    expect(output).toMatchObject({ enacted: 2, edges: 1 + 2 + 2, report: { superseded: 1, ended: 1 } })
    expect(await run.probe('lifecycle_enact', enactment)).toMatchObject({ outcome: 'committed', output })
    expect(Object.values(await inForce(run))).toEqual([true, true, true, true])

    const other = new AtWork(run.document)
    await run.insert(`${run.document}/ARTICLE-9`, 'Somebody else’s.')
    await cluster.superuser.query(
      `select * from fn_iu_enact(p_address => $1, p_actor => 'somebody', p_review_decision_id => $2)`,
      [`${other.document}/ARTICLE-9`, `rd-${run.context.runId}-2`],
    )
    expect(await inForce(run)).toMatchObject({
      every_unit_of_the_text_is_in_force: true,
      nothing_else_of_the_document_is_in_force: false,
    })
  })
})

/** Until some session of the executor waits for an advisory lock. */
async function waitsForALock(): Promise<void> {
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`
  while ((await cluster.superuser.query(waiting)).rowCount === 0);
}
