import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { composeRehearsal, parseApproval } from '../../src/approvals/import-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import type { RefusalReason } from '../../src/approvals/refusal.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import { performServed } from '../../src/cli/served.ts'
import type { Decision, Statement } from '../../src/domain/approval.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { canonicalJson, digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { aService, type HttpService } from './http-service.ts'
import { makeSecurityKey, type SecurityKeySignature } from './security-keys.ts'
import { type KeyFolder, openKeyFolder } from './ssh-keys.ts'

/** A service with live runs at gates, and what brings each refusal of a gate about. Keys and signatures are real ones. */

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
const ALICE = 'alice@example.org'
export const CAROL = 'carol@example.org'
/** Who starts and moves the runs, by every door. */
export const OPERATOR = 'deploybot'
const PAGE = 'https://cutter.example.org'
const HARDWARE = makeSecurityKey('ed25519')
const PASSKEY = makeSecurityKey('ecdsa', 'cutter.example.org')
const [PRESENT, VERIFIED] = [1, 4]
const HARD = 'hard@example.org'

/** A live run that waits at its first gate, and the file that its plan is about. */
export interface Waiting {
  runId: string
  file: string
}

interface How {
  as?: string
  decision?: Decision
  change?: Partial<Statement>
  namespace?: string
  /** Signs with a security key. */
  by?: { key: typeof HARDWARE; use: SecurityKeySignature }
}

const hardware = (flags: number): How => ({ as: HARD, by: { key: HARDWARE, use: { flags } } })
const passkey = (origin: string): How => ({
  as: 'pass@example.org',
  by: { key: PASSKEY, use: { origin, flags: PRESENT | VERIFIED } },
})
const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()
const keyOf = (principal: string) => principal.split('@')[0]!

export type GateService = Awaited<ReturnType<typeof openGates>>

/** Opens the service. `token` is that of the operator; `more` are further lines of cutter.yaml. */
export async function openGates(more = '', env: NodeJS.ProcessEnv = {}) {
  const keys: KeyFolder = openKeyFolder()
  for (const name of [ALICE, CAROL, OPERATOR]) keys.key(keyOf(name))
  const at: HttpService = await aService(configOf() + more, { commandLine: performServed, env })
  const inHome = (name: string) => join(at.home.folder, name)
  const line = (principal: string, options = '') =>
    `${principal} ${options} ${keys.publicKey(keyOf(principal))}\n`
  const lines = () =>
    [ALICE, CAROL, OPERATOR].map((name) => line(name)).join('') +
    `${HARD} ${HARDWARE.publicKey}\npass@example.org ${PASSKEY.publicKey}\n`
  const allow = (text: string) => writeFileSync(inHome('allowed_signers'), text, { mode: 0o600 })
  const configure = (policy?: string) => writeFileSync(inHome('cutter.yaml'), configOf(policy) + more)
  writeFileSync(inHome('two-gates.ts'), MACHINE)
  /** Takes back what a scenario did to the files that decide. */
  const restore = () => {
    configure()
    writeFileSync(inHome('revoked'), '')
    allow(lines())
    chmodSync(inHome('allowed_signers'), 0o600)
  }
  restore()
  const admin = await at.token({ name: 'ann', role: 'admin' })
  await at.post('/api/v1/execution/enable', admin, { for: '2h', reason: 'a test' })
  const token = await at.token({ name: OPERATOR, role: 'operator' })
  let runs = 0

  async function aRun(): Promise<Waiting> {
    const file = inHome(`file-${runs++}`)
    writeFileSync(file, 'as planned\n')
    const { json } = await at.post('/api/v1/runs', token, {
      machine: 'two-gates',
      mode: 'live',
      input: { file },
    })
    expect(json).toMatchObject({ status: 'paused', gate: 'SG1' })
    return { runId: json.runId, file }
  }

  async function compose({ runId }: Waiting, as: string, decision: Decision): Promise<Statement> {
    const path = `/api/v1/runs/${runId}/statement`
    return JSON.parse((await at.post(path, token, { as, decision, reason: 'read' })).text) as Statement
  }

  /** Signs a statement on the run's plan, after a change of it, and keeps the approval whatever it is worth. */
  async function sign(run: Waiting, how: How = {}): Promise<string> {
    const { as = ALICE, decision = 'approve', change = {}, by } = how
    const statement = { ...(await compose(run, as, decision)), ...change }
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

  /** Brings a refusal about: the run, and the approval that is brought to it. */
  type Scenario = (decision: Decision) => Promise<[Waiting, string]>
  const onRun =
    (prepare: () => void, how: How = {}): Scenario =>
    async (decision) => {
      const run = await aRun()
      const approval = await sign(run, { decision, ...how })
      prepare()
      return [run, approval]
    }
  const nothing = () => {}

  const scenarios: { [reason in Exclude<RefusalReason, 'RUN_CLOSED' | 'REVIEW_MISSING'>]: Scenario } = {
    APPROVAL_UNKNOWN: async () => [await aRun(), 'ap-00000000000000000000000000000000'],
    NOT_AT_A_GATE: async (decision) => {
      const input = { file: inHome('none') }
      const { json } = await at.post('/api/v1/runs', token, { machine: 'two-gates', mode: 'live', input })
      expect(json.status).toBe('stopped')
      return [{ runId: json.runId, file: '' }, await sign(await aRun(), { decision })]
    },
    ALREADY_USED: async (decision) => {
      const run = await aRun()
      const used = await sign(run, { decision })
      await at.post(`/api/v1/runs/${run.runId}/resume`, token, { approval: used })
      return [run, used]
    },
    OTHER_RUN: async (decision) => [await aRun(), await sign(await aRun(), { decision })],
    OTHER_GATE: onRun(nothing, { change: { gate: 'SG2' } }),
    OTHER_ARRIVAL: onRun(nothing, { change: { historyHead: digestOf('another history') } }),
    OTHER_PLAN: onRun(nothing, { change: { planDigest: digestOf('another plan') } }),
    REHEARSAL_IN_LIVE: async (decision) => {
      const waiting = await aRun()
      const run = (await at.home.store.run(waiting.runId))!
      const {
        gate,
        seq: gateSeq,
        historyHead: gateHead,
        planDigest,
      } = await compose(waiting, ALICE, decision)
      const rehearsal = composeRehearsal({
        run: { ...run, mode: 'dry-run', gate, gateSeq, gateHead, planDigest } as Run,
        approver: ALICE,
        decision,
        reason: '',
        clock: systemClock,
        nonce: 'n',
        validHours: 24,
      })
      await at.home.store.saveApproval(rehearsal)
      return [waiting, rehearsal.approvalId]
    },
    REVIEW_USED: async (decision) => {
      const [first, second] = [await aRun(), await aRun()]
      await sign(first, { change: { reviewDecisionId: `rd-${decision}` } })
      return [second, await sign(second, { decision, change: { reviewDecisionId: `rd-${decision}` } })]
    },
    FILES_UNSAFE: onRun(() => chmodSync(inHome('allowed_signers'), 0o666)),
    SIGNATURE_INVALID: onRun(nothing, { namespace: 'git' }),
    SIGNER_NOT_ALLOWED: onRun(() => allow(line(CAROL))),
    KEY_REVOKED: onRun(() => writeFileSync(inHome('revoked'), `${keys.publicKey('alice')}\n`)),
    SIGNER_NOT_VALID_THEN: onRun(() => allow(line(ALICE, 'valid-before="20200101"'))),
    WILDCARD_PRINCIPAL: onRun(() => allow(`*@example.org ${keys.publicKey('alice')}\n`)),
    USER_NOT_PRESENT: onRun(nothing, hardware(0)),
    USER_NOT_VERIFIED: onRun(() => configure('{ verification: required }'), hardware(PRESENT)),
    ORIGIN_NOT_ALLOWED: onRun(() => configure(`{ origins: ["${PAGE}"] }`), passkey('https://evil.example')),
    RP_ID_NOT_ALLOWED: onRun(
      () => configure(`{ origins: ["${PAGE}"], rpIds: [other.example.org] }`),
      passkey(PAGE),
    ),
    NOT_YET_VALID: onRun(nothing, { change: { issuedAt: hours(24), expiresAt: hours(48) } }),
    EXPIRED: onRun(nothing, { change: { issuedAt: hours(-48), expiresAt: hours(-24) } }),
    OPERATORS_OWN: onRun(nothing, { as: OPERATOR }),
    SUPERSEDED: async (decision) => {
      const run = await aRun()
      const first = await sign(run, { as: CAROL, decision })
      await sign(run, { as: CAROL, decision: 'reject' })
      return [run, first]
    },
    NOT_ENOUGH_APPROVERS: onRun(() => configure('{ need: 2 }')),
    DRIFT: async (decision) => {
      const run = await aRun()
      const approval = await sign(run, { decision })
      writeFileSync(run.file, 'somebody changed it\n')
      return [run, approval]
    },
    WORLD_NOT_CHECKED: async (decision) => {
      const run = await aRun()
      const approval = await sign(run, { decision })
      rmSync(run.file)
      return [run, approval]
    },
  }
  return {
    at,
    token,
    keys,
    aRun,
    sign,
    restore,
    scenarios,
    async close() {
      await at.remove()
      keys.remove()
    },
  }
}

function configOf(policy = '{}'): string {
  return `machines: { two-gates: ./two-gates.ts }
execution: { allowLive: true }
approvals: { revokedKeys: ./revoked, policy: { two-gates.SG1: ${policy} } }
`
}
