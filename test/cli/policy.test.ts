import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type ApprovalJson, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  aSigner,
  charter,
  enableExecution,
  historyOf,
  LIVE,
  resume,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'

const BOB = 'bob@example.org'
let at: CutterHome

const liveStart = (more: { uid?: number; gid?: number } = {}) =>
  at.cutter(
    ['run', 'start', 'cut', '--document', 'RULED', '--source', 'small.md', '--mode', 'live', '--json'],
    more,
  )

describe('a gate that needs two people', () => {
  let [alice, bob] = ['', '']

  beforeAll(async () => {
    at = aCutterHome(`${LIVE}approvals: { policy: { cut.SG1: { of: [${ALICE}, ${BOB}], need: 2 } } }\n`)
    alice = aSigner(at)
    bob = aSigner(at, BOB)
    at.file('small.md', charter('One.'))
    await at.server()
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  test('a gate that needs two people accepts either of their approvals, and records both', async () => {
    const runId = await started(at, { document: 'RULED', source: 'small.md', mode: 'live' })
    const signedBy = (as: string, key: string) =>
      at.cutter(['approval', 'sign', runId, '--as', as, '--key', key, '--json'])

    const first = await signedBy(ALICE, alice)
    expect(first.stderr).toContain(`kept; it needs further approvals: `)
    const hers = jsonOf<ApprovalJson>(first).approvalId
    const alone = await resume(at, runId, hers)
    expect([alone.code, jsonOf(alone).error?.reason]).toEqual([3, 'NOT_ENOUGH_APPROVERS'])
    expect(alone.stderr).toContain(`so far there is 1: ${ALICE} signed; ${BOB} may sign as well`)

    const explained = (await at.cutter(['run', 'explain', runId])).stdout
    expect(explained).toContain(`would count, and more are needed: `)
    const second = await signedBy(BOB, bob)
    expect(second.stderr).not.toContain('kept; it needs')
    const passed = await resume(at, runId, hers)
    expect([passed.code, jsonOf(passed).gate]).toEqual([0, 'SG2'])
    const decision = (await historyOf(at, runId)).find(({ event }) => event.type === 'APPROVE')
    expect(decision?.event.counted).toMatchObject([
      { approvalId: hers, principal: ALICE },
      { approvalId: jsonOf<ApprovalJson>(second).approvalId, principal: BOB },
    ])
    expect((await at.cutter(['run', 'history', runId, '--verify'])).code).toBe(0)

    const both = `${ALICE}, ${BOB}`
    const shown = await at.cutter(['run', 'show', runId])
    expect(shown.stdout).toContain(`decided SG1 approved by ${both}, entry `)
    expect((await at.cutter(['run', 'history', runId])).stdout).toMatch(
      new RegExp(`Approval brought .* ${both}`),
    )
    const list = (await at.cutter(['approval', 'list', runId])).stdout.split('\n')
    expect(list.find((line) => line.includes(BOB))).toMatch(/counted in entry \d+$/)
    const page = readFileSync(at.path(`var/runs/${runId}/06-approval-request-SG1.md`), 'utf8')
    expect(page).toContain(`**Decided**: approved by \`${ALICE}\`, \`${BOB}\`, used in entry`)
    await at.cutter(['run', 'cancel', runId, '--reason', 'enough'])
    const closeout = readFileSync(at.path(`var/runs/${runId}/closeout.md`), 'utf8')
    for (const name of [ALICE, BOB])
      expect(closeout).toMatch(new RegExp(`\\| \`SG1\` \\| \`approve\` \\| \`${name}\` \\| \`SHA256:`))
  })

  test('approval show tells until when the policy lets an approval count, also after the policy changed', async () => {
    const runId = await started(at, { document: 'SHORT', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, alice)
    const show = async (...more: string[]) =>
      (await at.cutter(['approval', 'show', approvalId, ...more])).stdout
    const { statement, countsUntil } = JSON.parse(await show('--json'))
    expect(countsUntil).toBe(statement.expiresAt)
    const config = readFileSync(at.path('cutter.yaml'), 'utf8')
    at.file('cutter.yaml', config.replace('need: 2', 'need: 2, validHours: 0.5'))
    const ends = new Date(Date.parse(statement.issuedAt) + 1_800_000).toISOString()
    expect(await show()).toContain(
      `until ${ends} by the policy of the gate (signed until ${statement.expiresAt})`,
    )
    expect(JSON.parse(await show('--json'))).toMatchObject({
      countsUntil: ends,
      expiresAt: statement.expiresAt,
    })
    at.file('cutter.yaml', config)

    // A line of allowed_signers that ends sooner ends it too.
    const signers = readFileSync(at.path('allowed_signers'), 'utf8')
    const limited = 'namespaces="cutter.cut.*",valid-after="20200101Z",valid-before="20200201Z"'
    at.file('allowed_signers', signers.replace(/namespaces="[^"]*"/, limited))
    expect(await show()).toContain(
      'not before 2020-01-01T00:00:00.000Z (valid-after of allowed_signers), until 2020-02-01T00:00:00.000Z by valid-before of allowed_signers',
    )
    expect(JSON.parse(await show('--json'))).toMatchObject({
      countsFrom: '2020-01-01T00:00:00.000Z',
      countsUntil: '2020-02-01T00:00:00.000Z',
      endsBySigners: true,
    })
    at.file('allowed_signers', signers)
  })

  test('signing warns a person whom the policy does not name, and the operator', async () => {
    const runId = await started(at, {
      document: 'WARNED',
      source: 'small.md',
      mode: 'live',
      more: ['--by', BOB],
    })
    const carol = aSigner(at, 'carol@example.org')
    const unnamed = await at.cutter([
      ...['approval', 'sign', runId, '--as', 'carol@example.org', '--key', carol, '--json'],
    ])
    expect(unnamed.stderr).toContain('would not count now')
    expect(unnamed.stderr).toContain(`the policy of cut.SG1 names ${ALICE}, ${BOB}`)
    const own = await at.cutter(['approval', 'sign', runId, '--as', BOB, '--key', bob, '--json'])
    expect([own.code, own.stderr]).toEqual([0, expect.stringContaining(`${BOB} operates run`)])
    const shown = jsonOf<{ operatorDeclared: string }>(await at.cutter(['run', 'show', runId, '--json']))
    expect(shown).toMatchObject({ startedBy: BOB, operatorDeclared: 'self' })
    expect((await at.cutter(['run', 'show', runId])).stdout).toContain(`${BOB} (self-declared)`)
  })
})

describe('a policy that is not valid', () => {
  beforeEach(() => {
    at = aCutterHome()
    at.file('small.md', charter('One.'))
  })
  afterEach(() => at.remove())

  test.each([
    ['cut.SG3: { need: 1 }', 'machine cut has no gate SG3 (known: cut.SG1, cut.SG2, cut.abandon)'],
    ['ct.SG1: { need: 1 }', 'there is no machine ct (known: cut, deploy, '],
    ['cut.sg1: { need: 1 }', 'must name a gate'],
    ['cut.SG1: { of: [a@b, A@b], need: 2 }', 'needs more people than `of` names'],
    ['cut.SG1: { need: 0 }', 'approvals.policy.cut.SG1.need'],
  ])('the policy %s is refused before anything is started', async (rule, says) => {
    at.file('cutter.yaml', `approvals: { policy: { ${rule} } }\n`)
    const answer = await start(at, { document: 'A', source: 'small.md' })
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'CONFIG_INVALID'])
    expect(answer.stderr).toContain(says)
    expect(jsonOf<unknown[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
  })
})

describe('files that others can write', () => {
  beforeAll(async () => {
    at = aCutterHome(LIVE)
    at.file('small.md', charter('One.'))
    await at.server()
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  const refused = (answer: Answer, file: string) => {
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([3, 'FILES_UNSAFE'])
    expect(answer.stderr).toContain(`${at.path(file)} has mode 06`)
    expect(answer.stderr).toContain(`chmod go-w ${at.path(file)}`)
  }

  test('a live run does not start with unsafe files, and each is named with its correction; a dry run starts', async () => {
    aSigner(at)
    for (const file of ['allowed_signers', 'cutter.yaml', 'var/cutter.db']) {
      chmodSync(at.path(file), 0o666)
      refused(await liveStart(), file)
      expect((await at.cutter(['doctor'])).stdout).toContain(`FAIL  files that decide: ${at.path(file)}`)
      chmodSync(at.path(file), 0o600)
    }
    expect(jsonOf<unknown[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
    chmodSync(at.path('allowed_signers'), 0o666)
    expect((await start(at, { document: 'DRY', source: 'small.md' })).code).toBe(0)
    chmodSync(at.path('allowed_signers'), 0o600)
  })

  test('no approval of a live run counts with unsafe files, and the refusal is recorded', async () => {
    const runId = await started(at, { document: 'RULED', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, at.path('alice_example_org'))
    chmodSync(at.path('allowed_signers'), 0o602)
    refused(await resume(at, runId, approvalId), 'allowed_signers')
    expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({
      type: 'cutter.approval-refused',
      approvalId,
      reason: 'FILES_UNSAFE',
    })
    chmodSync(at.path('allowed_signers'), 0o600)
    expect(jsonOf(await resume(at, runId, approvalId)).gate).toBe('SG2')
  })
})

const asRoot = process.getuid?.() === 0
const bot = { uid: 65_534, gid: 65_534 }

describe.skipIf(!asRoot)('an operator with a user id of its own', () => {
  beforeEach(() => {
    at = aCutterHome()
    at.file('small.md', charter('One.'))
    mkdirSync(at.path('var'))
    chownSync(at.path('var'), bot.uid, bot.gid)
    aSigner(at)
  })
  afterEach(() => at.remove())

  const enable = (user: typeof bot) =>
    at.cutter(['execution', 'enable', '--for', '1h', '--reason', 'a test'], user)

  test('an operator starts live runs under `strict: owner` only if it could not appoint approvers', async () => {
    at.file('cutter.yaml', `${LIVE}approvals: { strict: owner }\n`)
    await enable(bot)
    chownSync(at.path('allowed_signers'), bot.uid, bot.gid)
    const owns = await liveStart(bot)
    expect([owns.code, jsonOf(owns).error?.code]).toEqual([3, 'FILES_UNSAFE'])
    expect(owns.stderr).toContain(`owns ${at.path('allowed_signers')}`)
    expect(owns.stderr).toContain('could appoint approvers')

    chownSync(at.path('allowed_signers'), 0, 0)
    chownSync(at.path('cutter.yaml'), bot.uid, bot.gid)
    expect((await liveStart(bot)).stderr).toContain(`owns ${at.path('cutter.yaml')}`)
    chownSync(at.path('cutter.yaml'), 0, 0)
    chownSync(at.home, bot.uid, bot.gid)
    expect((await liveStart(bot)).stderr).toContain(`owns ${at.home}, on the path to`)
    chownSync(at.home, 0, 0)
    const begun = await liveStart(bot)
    expect([begun.code, jsonOf(begun).gate]).toEqual([0, 'SG1'])

    const root = await liveStart()
    expect([root.code, jsonOf(root).error?.code]).toEqual([3, 'FILES_UNSAFE'])
  })

  test('an operator has the label of cutter.yaml, and other users are refused', async () => {
    at.file('cutter.yaml', `operators: { deploybot: uid:${bot.uid} }\n`)
    const dry = ['run', 'start', 'cut', '--document', 'D', '--source', 'small.md', '--json']
    const switching = ['execution', 'enable', '--for', '1h', '--reason', 'a test', '--json']
    expect(jsonOf(await at.cutter(switching, bot))).toMatchObject({ by: 'deploybot' })
    expect((await at.cutter([...switching, '--by', 'alice'], bot)).code).toBe(3)
    const feigned = await at.cutter([...dry, '--by', 'alice'], bot)
    expect([feigned.code, jsonOf(feigned).error?.code]).toEqual([3, 'OPERATOR_REFUSED'])
    const begun = await at.cutter(dry, bot)
    expect(jsonOf(begun)).toMatchObject({ gate: 'SG1', startedBy: 'deploybot' })
    const root = await at.cutter(dry)
    expect([root.code, jsonOf(root).error?.code]).toEqual([3, 'OPERATOR_REFUSED'])
    expect(root.stderr).toContain('operators: { <label>: uid:0 }')
    const { stdout } = await at.cutter(['run', 'show', jsonOf(begun).runId], bot)
    expect(stdout).toContain('deploybot (by cutter.yaml)')
  })
})
