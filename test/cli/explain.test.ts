import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/engine/explain.ts'
import { type ApprovalJson, anotherBuild, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  approve,
  aSigner,
  charter,
  disableExecution,
  enableExecution,
  historyOf,
  resume,
  sign,
  started,
} from '../support/cli-steps.ts'
import { onTerminal } from '../support/terminal.ts'
import { aLiveHome, whileLegAWrites } from './live-home.ts'

let at: CutterHome
let key: string
let superuser: pg.Client

const BOB = 'bob@example.org'

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
})

afterAll(() => at.remove())

const live = (document: string, source = 'small.md') => started(at, { document, source, mode: 'live' })

async function explained(runId: string, program?: string): Promise<Explanation> {
  const answer = await at.cutter(
    ['run', 'explain', runId, '--json'],
    program === undefined ? {} : { program },
  )
  if (answer.code !== 0) throw new Error(answer.stderr)
  return jsonOf<Explanation>(answer)
}
const inWords = async (runId: string) => (await at.cutter(['run', 'explain', runId])).stdout

const WAY_TO_SG2 = [
  ['AWAITING_CUT_AUTHORIZATION', 'recheck_cut', 'read'],
  ['AWAITING_CUT_AUTHORIZATION', 'cut_leg_a', 'write'],
  ['CUT_LEG_A_COMMITTED', 'structural_verify', 'read'],
  ['STRUCTURAL_VERIFIED', 'leg_b_record', 'write'],
  ['LEG_B_RECORDED', 'write_verify', 'write'],
  ['WRITE_VERIFIED', null, null],
  ['AWAITING_LIFECYCLE_AUTHORIZATION', null, null],
]
const wayOf = ({ ifApproved }: Explanation) =>
  ifApproved.map(({ state, phase, kind }) => [state, phase, kind])

describe('run explain at the gate of a live run', () => {
  let runId: string
  beforeAll(async () => {
    const bob = aSigner(at, BOB)
    aSigner(at, 'carol@example.org', 'cutter.deploy.*')
    runId = await started(at, { document: 'WAITS', source: 'small.md', mode: 'live', more: ['--by', BOB] })
    await at.cutter(['approval', 'sign', runId, '--as', BOB, '--key', bob])
  })

  test('explain names the gate, the time of arrival and the policy', async () => {
    const found = await explained(runId)
    const arrival = (await historyOf(at, runId)).at(-1) as unknown as { at: string }
    const { planDigest } = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    expect(found).toMatchObject({
      runId,
      status: 'paused',
      state: 'AWAITING_CUT_AUTHORIZATION',
      waitsFor: { kind: 'approval', gate: 'SG1', since: arrival.at, planDigest },
      policy: { need: 1, of: null, validHours: 24, fourEyes: true },
      hold: null,
      refusals: [],
      differences: [],
    })
  })

  test('explain lists who may approve, and why others may not', async () => {
    const { approvers } = await explained(runId)
    expect(approvers.map(({ principal, may }) => [principal, may])).toEqual([
      [ALICE, true],
      [BOB, false],
      ['carol@example.org', false],
    ])
    expect(approvers[1]!.why).toContain('operates this run')
    expect(approvers[2]!.why).toContain('cutter.deploy.*')
  })

  test('explain judges the stored approvals, and records nothing', async () => {
    const { approvalId } = await sign(at, runId, key)
    const before = await historyOf(at, runId)
    const { approvals } = await explained(runId)
    expect(approvals).toMatchObject([
      { approver: BOB, decision: 'approve', wouldCount: false, reason: 'OPERATORS_OWN' },
      { approvalId, approver: ALICE, wouldCount: true, reason: null, message: null },
    ])
    expect(await historyOf(at, runId)).toEqual(before)
  })

  test('explain predicts the states that an approval then leads to', async () => {
    expect(wayOf(await explained(runId))).toEqual(WAY_TO_SG2)
    const { approvalId } = await sign(at, runId, key)
    const before = (await historyOf(at, runId)).length
    await resume(at, runId, approvalId)
    const after = (await historyOf(at, runId)).slice(before)
    expect(after.map(({ state }) => state)).toEqual(WAY_TO_SG2.map(([state]) => state))

    expect(wayOf(await explained(runId))).toEqual([
      ['AWAITING_LIFECYCLE_AUTHORIZATION', 'recheck_lifecycle', 'read'],
      ['AWAITING_LIFECYCLE_AUTHORIZATION', 'lifecycle_enact', 'write'],
      ['LIFECYCLE_ENACTED', 'closeout', 'read'],
      ['CLOSEOUT_REPORTED', null, null],
    ])
  })

  test('explain prints all of it in words', async () => {
    const words = await inWords(runId)
    for (const line of [
      /^waits {5}for an approval of its plan at gate SG2$/m,
      /^policy {4}1 of: every principal in allowed_signers; for 12 h; not the operator of the run$/m,
      /^may {7}alice@example\.org {3}ssh-ed25519 SHA256:\S+$/m,
      /^may not {3}bob@example\.org: operates this run/m,
      /^ +AWAITING_LIFECYCLE_AUTHORIZATION {2}→ lifecycle_enact \(write\)$/m,
      /^ +CLOSEOUT_REPORTED {2}ends there$/m,
    ])
      expect(words).toMatch(line)
    expect(words).not.toContain('refuses')
  })
})

describe('refusals in run explain', () => {
  test('explain lists hold, switch, missing approvers and another machine, each with its next step', async () => {
    const runId = await live('REFUSED')
    await sign(at, runId, key)
    const signers = readFileSync(at.path('allowed_signers'))
    await at.cutter(['hold', 'on', '--reason', 'incident', '--by', 'carol'])
    await disableExecution(at)
    writeFileSync(at.path('allowed_signers'), '')
    try {
      const { refusals, hold, ifApproved, approvals } = await explained(runId, anotherBuild(at))
      expect(refusals).toMatchObject([
        { reason: 'ON_HOLD', next: expect.stringContaining(`cutter hold release ${runId}`) },
        { reason: 'SIGNER_NOT_ALLOWED', message: expect.stringContaining('nobody may approve') },
        { reason: 'LIVE_REFUSED', next: expect.stringContaining('cutter execution enable') },
        { reason: 'MACHINE_CHANGED', next: expect.stringContaining('cutter run cancel') },
      ])
      expect(hold).toMatchObject({ reason: 'incident', by: 'carol' })
      expect(ifApproved).toEqual([])
      expect(approvals).toMatchObject([{ wouldCount: false, reason: 'SIGNER_NOT_ALLOWED' }])
      const words = await inWords(runId)
      expect(words).toMatch(/^hold {6}since \S+ \(incident, carol\)$/m)
      expect(words).toMatch(/^refuses {3}ON_HOLD: /m)
    } finally {
      writeFileSync(at.path('allowed_signers'), signers)
      await at.cutter(['hold', 'off'])
      await enableExecution(at)
    }
    expect((await explained(runId)).refusals).toEqual([])
  })

  test('explain lists the config that no longer allows live runs', async () => {
    const runId = await live('FORBIDDEN')
    const config = readFileSync(at.path('cutter.yaml'))
    at.file('cutter.yaml', 'execution: { allowLive: false }\n')
    try {
      expect((await explained(runId)).refusals).toMatchObject([
        {
          reason: 'LIVE_REFUSED',
          message: 'the gate stays closed: execution.allowLive is not true in cutter.yaml',
        },
      ])
    } finally {
      at.file('cutter.yaml', config)
    }
  })
})

describe('run explain at a gate that needs two approvers', () => {
  test('explain shows the number of approvers, and counts an approval that needs another one', async () => {
    const runId = await live('TWO')
    const { approvalId } = await sign(at, runId, key)
    const config = readFileSync(at.path('cutter.yaml'), 'utf8')
    const of = [ALICE, 'carol@example.org']
    at.file(
      'cutter.yaml',
      `${config}approvals: { policy: { cut.SG1: { need: 2, of: ${JSON.stringify(of)} } } }\n`,
    )
    try {
      const { policy, approvals, approvers } = await explained(runId)
      expect(policy).toMatchObject({ need: 2, of })
      expect(approvals).toMatchObject([{ approvalId, wouldCount: true, reason: 'NOT_ENOUGH_APPROVERS' }])
      expect(approvers.find(({ principal }) => principal === BOB)?.why).toContain(
        'the policy of cut.SG1 names',
      )
    } finally {
      at.file('cutter.yaml', config)
    }
  })
})

describe('files that others may write', () => {
  test('explain lists them among the refusals', async () => {
    const runId = await live('UNSAFE')
    chmodSync(at.path('allowed_signers'), 0o666)
    const { refusals } = await explained(runId)
    chmodSync(at.path('allowed_signers'), 0o644)
    expect(refusals).toMatchObject([{ reason: 'FILES_UNSAFE', next: expect.stringContaining('chmod') }])
    expect((await explained(runId)).refusals).toEqual([])
  })
})

describe('run explain after drift', () => {
  test('explain lists the differences until an approval passes the gate', async () => {
    at.file('drifts.md', charter('One.', 'Two.'))
    const runId = await live('DRIFTS', 'drifts.md')
    const { approvalId } = await sign(at, runId, key)
    at.file('drifts.md', charter('One.', 'Two.', 'Three.'))
    const { error } = jsonOf(await resume(at, runId, approvalId))
    const found = await explained(runId)
    expect(found.differences).toEqual(error?.differences)
    // Article 2 ends differently when another one follows it.
    expect(found.differences).toHaveLength(3)
    // The plan of now has them, so nothing differs from it.
    expect([found.differsFrom, found.world?.isAsPlanned]).toEqual(['earlier-plan', true])
    expect(found.approvals).toMatchObject([{ approvalId, wouldCount: false, reason: 'OTHER_ARRIVAL' }])
    const words = await inWords(runId)
    expect(words).toMatch(/^world .*: as the plan says$/m)
    expect(words).not.toMatch(/^differs /m)
    expect(words).toMatch(/^moved {5}since the plan before this one.*next: cutter run plan /m)
    expect(words).toMatch(/^ {10}unit DRIFTS\/ARTICLE-3 is new in the source$/m)
    const review = (await at.cutter(['run', 'review', runId])).stdout
    expect(review).toMatch(/^world {3}looked at .*: as the plan says$/m)
    expect(review).not.toMatch(/^differs /m)
    await approve(at, runId, key)
    expect((await explained(runId)).differences).toEqual([])
  })
})

describe('run explain away from a gate', () => {
  test('explain shows why a run stopped, the next step, and the states after a retry', async () => {
    const runId = await live('STOPS')
    const { approvalId } = await sign(at, runId, key)
    const stopped = jsonOf(
      await whileLegAWrites({ at, superuser, runId, approvalId }, () => disableExecution(at)),
    )
    const found = await explained(runId)
    expect(found).toMatchObject({
      status: 'stopped',
      waitsFor: { kind: 'retry', gate: null },
      stop: stopped.stop,
      policy: null,
      approvers: [],
      ifApproved: [],
      refusals: [{ reason: 'STOP_EXECUTION_DISABLED' }],
    })
    expect(found.ifRetried.map(({ state, phase }) => [state, phase])).toEqual(
      WAY_TO_SG2.slice(3).map(([state, phase]) => [state, phase]),
    )
    const stop = (await historyOf(at, runId)).at(-1) as unknown as { at: string }
    expect(found.waitsFor.since).toBe(stop.at)
    await enableExecution(at)
    expect(await inWords(runId)).toContain(
      'STOP_EXECUTION_DISABLED, the execution switch is off; next: cutter',
    )
  })

  test('explain shows only the outcome of a closed run', async () => {
    const runId = await live('CLOSED')
    await at.cutter(['run', 'cancel', runId, '--reason', 'no'])
    expect(await explained(runId)).toMatchObject({
      status: 'closed',
      outcome: 'cancelled',
      waitsFor: { kind: 'nothing' },
      ifApproved: [],
      ifRetried: [],
      refusals: [],
    })
    expect(await inWords(runId)).toContain('for nothing: it is closed, cancelled')
  })

  test('explain shows that another process works on a run', async () => {
    const runId = await live('WORKS')
    const { approvalId } = await sign(at, runId, key)
    await superuser.query('begin')
    await superuser.query('lock table public.information_unit in access exclusive mode')
    const answer = resume(at, runId, approvalId)
    const offline = async () =>
      jsonOf<Explanation>(await at.cutter(['run', 'explain', runId, '--offline', '--json']))
    while ((await offline()).status !== 'working');
    expect(await offline()).toMatchObject({
      waitsFor: { kind: 'work' },
      refusals: [{ reason: 'RUN_HELD' }],
    })
    await superuser.query('rollback')
    await answer
  })
})

describe('run explain of a dry run', () => {
  test('explain counts a rehearsal approval', async () => {
    const runId = await started(at, { document: 'DRY', source: 'small.md' })
    const { approvalId } = jsonOf<ApprovalJson>(await at.cutter(['approval', 'rehearse', runId, '--json']))
    const found = await explained(runId)
    expect(found.approvals).toMatchObject([{ approvalId, wouldCount: true }])
    expect(found.refusals).toEqual([])
    expect(wayOf(found)).toEqual(WAY_TO_SG2)
    expect(await inWords(runId)).toContain(`cutter approval rehearse ${runId}`)
  })
})

test('run explain refuses an unknown run', async () => {
  const answer = await at.cutter(['run', 'explain', 'nobody', '--json'])
  expect([answer.code, jsonOf(answer).error?.code]).toEqual([4, 'RUN_NOT_FOUND'])
})

describe('run explain of two runs of one document', { timeout: 300_000 }, () => {
  test('explain names what the first run changed, once it is closed, and offline when the world was last seen', async () => {
    const first = await live('TWICE')
    const second = await live('TWICE')
    const before = await explained(second)
    expect([before.world?.how, before.differences, before.refusals]).toEqual(['looked', [], []])
    await approve(at, first, key)
    expect(jsonOf(await approve(at, first, key)).outcome).toBe('succeeded')

    const entries = await historyOf(at, second)
    const found = await explained(second)
    expect(found.world).toMatchObject({ how: 'looked', why: null })
    expect(found.differences).toContain('unit TWICE/ARTICLE-1 has appeared (enacted)')
    expect(found.refusals).toMatchObject([
      { reason: 'DRIFT', message: expect.stringContaining('has appeared') },
    ])
    expect(found.refusals[0]?.next).toContain('start another run')
    expect(found.differsFrom).toBe('plan')
    expect(wayOf(found)).toEqual([WAY_TO_SG2[0], ['AWAITING_CUT_AUTHORIZATION', null, null]])
    expect(await historyOf(at, second)).toEqual(entries)
    const words = await inWords(second)
    expect(words).toMatch(/^world {5}looked at \S+: not as the plan says$/m)
    expect(words).toMatch(/waits there again, with the approval unused$/m)
    expect(words).not.toContain('cut_leg_a')

    const review = ['run', 'review', second, '--as', ALICE, '--key', key]
    const asked = await onTerminal(at, review, { to: '[y/N]', types: 'y' })
    expect(asked.text).toMatch(/the world has moved since the plan was made.*nothing was signed/)
    expect(asked.text).not.toContain('[y/N]')
    expect(asked.code).toBe(3)
    expect(jsonOf<unknown[]>(await at.cutter(['approval', 'list', second, '--json']))).toEqual([])

    const offline = (await at.cutter(['run', 'explain', second, '--offline'])).stdout
    expect(offline).toMatch(/^world {5}as last seen \S+Z$/m)
    expect(offline).not.toContain('DRIFT')
  })

  test('explain says why it could not look', async () => {
    at.file('hidden.md', charter('One.'))
    const runId = await live('HIDDEN', 'hidden.md')
    rmSync(at.path('hidden.md'))
    const { world } = await explained(runId)
    expect(world).toMatchObject({ how: 'last-seen', why: expect.stringContaining('hidden.md') })
  })
})
