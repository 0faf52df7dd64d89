import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeRehearsal, parseApproval } from '../../src/approvals/import-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { REFUSALS, type RefusalReason } from '../../src/approvals/refusal.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { canonicalJson, digestOf } from '../../src/domain/json.ts'
import { type Agent, agentAt } from '../support/agents.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { makeSecurityKey, type SecurityKeySignature } from '../support/security-keys.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** Every refusal of a gate, as an agent with the official client meets it at a live run. Keys and signatures are real ones. */

const MACHINE = `
import { readFile } from 'node:fs/promises'
import { chart, defineMachine, digestOf, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'

const input = z.object({ file: z.string() })
const plan = (name, gate) => readEffect({ name, input, async execute(_context, { file }) {
  return planOf(gate, { action: 'note', file, before: digestOf(await readFile(file, 'utf8')) })
} })
const rest = (name) => readEffect({ name, input, execute: async () => ({ output: {} }) })

export const machine = defineMachine({
  name: 'two-gates', version: '1', input,
  effects: [plan('plan_first', 'SG1'), rest('rest_first'), plan('plan_second', 'SG2'), rest('rest_second')],
  logic: chart({
    PENDING: work('plan_first', 'FIRST'),
    FIRST: gated('SG1', { recheck: 'plan_first', work: 'rest_first', next: 'BETWEEN' }),
    BETWEEN: work('plan_second', 'SECOND'),
    SECOND: gated('SG2', { recheck: 'plan_second', work: 'rest_second', next: 'DONE' }),
    DONE: success,
  }),
})
`
const [ALICE, CAROL, OPERATOR] = ['alice@example.org', 'carol@example.org', 'deploybot']
const PAGE = 'https://cutter.example.org'
const HARDWARE = makeSecurityKey('ed25519')
const PASSKEY = makeSecurityKey('ecdsa', 'cutter.example.org')
const [PRESENT, VERIFIED] = [1, 4]

let at: HttpService
let keys: KeyFolder
let agent: Agent
let token: string
let runs = 0

const inHome = (name: string) => join(at.home.folder, name)
const keyOf = (principal: string) => principal.split('@')[0]!
const line = (principal: string, options = '') =>
  `${principal} ${options} ${keys.publicKey(keyOf(principal))}\n`
const lines = () =>
  [ALICE, CAROL, OPERATOR].map((name) => line(name!)).join('') +
  `hard@example.org ${HARDWARE.publicKey}\npass@example.org ${PASSKEY.publicKey}\n`

const allow = (text: string) => writeFileSync(inHome('allowed_signers'), text, { mode: 0o600 })
const configOf = (policy = '{}') => `machines: { two-gates: ./two-gates.ts }
execution: { allowLive: true }
approvals: { revokedKeys: ./revoked, policy: { two-gates.SG1: ${policy} } }
`
const configure = (policy?: string) => writeFileSync(inHome('cutter.yaml'), configOf(policy))

interface Waiting {
  runId: string
  file: string
}

async function aRun(): Promise<Waiting> {
  const file = inHome(`file-${runs++}`)
  writeFileSync(file, 'as planned\n')
  const { value, text } = await agent.call('start_live_plan', { machine: 'two-gates', input: { file } })
  expect(value.run, text).toMatchObject({ status: 'paused', gate: 'SG1' })
  return { runId: value.run.runId, file }
}

interface How {
  as?: string
  decision?: string
  change?: Partial<Statement>
  namespace?: string
  /** Signs with a security key. */
  by?: { key: typeof HARDWARE; use: SecurityKeySignature }
}

/** Signs a statement on the run's plan, after a change of it, and keeps the approval whatever it is worth. */
async function sign({ runId }: Waiting, how: How = {}): Promise<string> {
  const { as = ALICE!, decision = 'approve', change = {}, by } = how
  const composed = await at.post(`/api/v1/runs/${runId}/statement`, token, { as, decision, reason: 'read' })
  const statement = { ...JSON.parse(composed.text), ...change } as Statement
  const text = canonicalJson(statement as never)
  const namespace = how.namespace ?? namespaceOf(statement.machine, statement.gate)
  const signature =
    by === undefined
      ? await signText({ text, keyFile: keys.path(keyOf(as)), namespace })
      : by.key.sign(text, namespace, by.use)
  const approval = parseApproval({ text, signature, clock: systemClock })
  await at.home.store.saveApproval(approval)
  return approval.approvalId
}

/** Brings an approval by the tool of agents. */
const bring = ({ runId }: Waiting, approval: string) =>
  agent.call('resume_after_approval', { run: runId, approval })

async function atSecondGate(): Promise<Waiting> {
  const run = await aRun()
  expect((await bring(run, await sign(run))).value.run.gate).toBe('SG2')
  return run
}

/** A message without the time at which it was made. */
const timeless = (message: string) => message.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()
const HARD = 'hard@example.org'
const hardware = (flags: number): How => ({ as: HARD, by: { key: HARDWARE, use: { flags } } })
const passkey = (origin: string): How => ({
  as: 'pass@example.org',
  by: { key: PASSKEY, use: { origin, flags: PRESENT | VERIFIED } },
})

/** Refusals that no row brings about here, with the reason. */
const EXCEPTIONS = {
  RUN_CLOSED: 'a closed run is answered as it is, which the last test shows',
  REVIEW_MISSING: 'only machines that ship ask for reviews: test/cli/mcp.test.ts brings it about in a cut',
} satisfies { [reason in RefusalReason]?: string }

/** Brings each refusal about: the run, and the approval that is brought to it. */
const ROWS: {
  [reason in Exclude<RefusalReason, keyof typeof EXCEPTIONS>]: () => Promise<[Waiting, string]>
} = {
  APPROVAL_UNKNOWN: async () => [await aRun(), 'ap-00000000000000000000000000000000'],
  NOT_AT_A_GATE: async () => {
    const { value } = await agent.call('start_live_plan', {
      machine: 'two-gates',
      input: { file: inHome('none') },
    })
    expect(value.run.status).toBe('stopped')
    return [{ runId: value.run.runId, file: '' }, await sign(await aRun())]
  },
  ALREADY_USED: async () => {
    const run = await aRun()
    const used = await sign(run)
    await bring(run, used)
    return [run, used]
  },
  OTHER_RUN: async () => [await aRun(), await sign(await aRun())],
  OTHER_GATE: async () => {
    const run = await aRun()
    return [run, await sign(run, { change: { gate: 'SG2' } })]
  },
  OTHER_ARRIVAL: async () => {
    const run = await aRun()
    return [run, await sign(run, { change: { historyHead: digestOf('another history') } })]
  },
  OTHER_PLAN: async () => {
    const run = await aRun()
    return [run, await sign(run, { change: { planDigest: digestOf('another plan') } })]
  },
  REHEARSAL_IN_LIVE: async () => {
    const waiting = await aRun()
    const run = (await at.home.store.run(waiting.runId))!
    const rehearsal = composeRehearsal({
      run: { ...run, mode: 'dry-run' },
      approver: ALICE!,
      decision: 'approve',
      reason: '',
      clock: systemClock,
      nonce: 'n',
      validHours: 24,
    })
    await at.home.store.saveApproval(rehearsal)
    return [waiting, rehearsal.approvalId]
  },
  REVIEW_USED: async () => {
    const [first, second] = [await aRun(), await aRun()]
    await sign(first, { change: { reviewDecisionId: 'rd-one' } })
    return [second, await sign(second, { change: { reviewDecisionId: 'rd-one' } })]
  },
  FILES_UNSAFE: async () => {
    const run = await aRun()
    const good = await sign(run)
    chmodSync(inHome('allowed_signers'), 0o666)
    return [run, good]
  },
  SIGNATURE_INVALID: async () => {
    const run = await aRun()
    return [run, await sign(run, { namespace: 'git' })]
  },
  SIGNER_NOT_ALLOWED: async () => {
    const run = await aRun()
    allow(line(CAROL!))
    return [run, await sign(run)]
  },
  KEY_REVOKED: async () => {
    const run = await aRun()
    writeFileSync(inHome('revoked'), `${keys.publicKey('alice')}\n`)
    return [run, await sign(run)]
  },
  SIGNER_NOT_VALID_THEN: async () => {
    const run = await aRun()
    allow(line(ALICE!, 'valid-before="20200101"'))
    return [run, await sign(run)]
  },
  WILDCARD_PRINCIPAL: async () => {
    const run = await aRun()
    allow(`*@example.org ${keys.publicKey('alice')}\n`)
    return [run, await sign(run)]
  },
  USER_NOT_PRESENT: async () => {
    const run = await aRun()
    return [run, await sign(run, hardware(0))]
  },
  USER_NOT_VERIFIED: async () => {
    configure('{ verification: required }')
    const run = await aRun()
    return [run, await sign(run, hardware(PRESENT))]
  },
  ORIGIN_NOT_ALLOWED: async () => {
    configure(`{ origins: ["${PAGE}"] }`)
    const run = await aRun()
    return [run, await sign(run, passkey('https://evil.example'))]
  },
  RP_ID_NOT_ALLOWED: async () => {
    configure(`{ origins: ["${PAGE}"], rpIds: [other.example.org] }`)
    const run = await aRun()
    return [run, await sign(run, passkey(PAGE))]
  },
  NOT_YET_VALID: async () => {
    const run = await aRun()
    return [run, await sign(run, { change: { issuedAt: hours(24), expiresAt: hours(48) } })]
  },
  EXPIRED: async () => {
    const run = await aRun()
    return [run, await sign(run, { change: { issuedAt: hours(-48), expiresAt: hours(-24) } })]
  },
  OPERATORS_OWN: async () => {
    const run = await aRun()
    return [run, await sign(run, { as: OPERATOR! })]
  },
  SUPERSEDED: async () => {
    const run = await aRun()
    const approved = await sign(run, { as: CAROL! })
    await sign(run, { as: CAROL!, decision: 'reject' })
    return [run, approved]
  },
  NOT_ENOUGH_APPROVERS: async () => {
    configure('{ need: 2 }')
    const run = await aRun()
    return [run, await sign(run)]
  },
  DRIFT: async () => {
    const run = await aRun()
    const good = await sign(run)
    writeFileSync(run.file, 'somebody changed it\n')
    return [run, good]
  },
  WORLD_NOT_CHECKED: async () => {
    const run = await aRun()
    const good = await sign(run)
    rmSync(run.file)
    return [run, good]
  },
}

describeWithKeys('a gate, for an agent', () => {
  beforeAll(async () => {
    keys = openKeyFolder()
    for (const name of [ALICE, CAROL, OPERATOR]) keys.key(keyOf(name!))
    at = await aService(configOf())
    writeFileSync(inHome('two-gates.ts'), MACHINE)
    writeFileSync(inHome('revoked'), '')
    allow(lines())
    const admin = await at.token({ name: 'ann', role: 'admin' })
    await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
    token = await at.token({ name: OPERATOR!, role: 'operator' })
    agent = await agentAt(at.url, token)
  })
  afterAll(async () => {
    await agent.close()
    await at.remove()
    keys.remove()
  })

  test('has a row for every refusal, or says why not', () => {
    expect([...Object.keys(EXCEPTIONS), ...Object.keys(ROWS)].sort()).toEqual(Object.keys(REFUSALS).sort())
  })

  test.each(Object.entries(ROWS))(
    'refuses as %s, records it, stays closed, and says the same over HTTP',
    async (reason, prepare) => {
      try {
        const [run, approval] = await prepare()
        const before = (await at.home.store.run(run.runId))!
        const { isError, value, text } = await bring(run, approval)
        expect([isError, value.error.reason], text).toEqual([true, reason])
        expect(value.error.next).not.toBe('')
        const after = (await at.home.store.run(run.runId))!
        expect([after.status, after.gate, after.state]).toEqual([before.status, before.gate, before.state])
        const added = (await at.home.store.history(run.runId)).slice(before.seq)
        expect(value.touched.map(({ seq }: { seq: number }) => seq)).toEqual(added.map(({ seq }) => seq))
        expect(added[0]!.by).toBe(OPERATOR)
        expect(JSON.stringify(added.map(({ event }) => event))).toContain(reason)
        // After a look at the world the run has come to its gate again, so the same approval is refused for another reason.
        if (reason === 'DRIFT' || reason === 'WORLD_NOT_CHECKED') return
        const { json } = await at.post(`/api/v1/runs/${run.runId}/resume`, token, { approval })
        const { code, message, next } = value.error
        const http = [json.code, json.reason, timeless(json.detail), json.next]
        expect(http).toEqual([code, reason, timeless(message), next])
      } finally {
        configure()
        writeFileSync(inHome('revoked'), '')
        allow(lines())
        chmodSync(inHome('allowed_signers'), 0o600)
      }
    },
  )

  test('opens for what people have signed, and a closed run is answered as it is', async () => {
    const run = await atSecondGate()
    const last = await bring(run, await sign(run, { as: CAROL! }))
    expect(last.value).toMatchObject({ run: { status: 'closed', outcome: 'succeeded' }, gate: null })
    const { seq } = (await at.home.store.run(run.runId))!
    const again = await bring(run, await sign(await aRun()))
    expect([again.isError, again.value.run]).toEqual([false, last.value.run])
    expect((await at.home.store.run(run.runId))!.seq).toBe(seq)
  })
})
