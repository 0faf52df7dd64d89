import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalCase } from '../../src/approvals/approval-case.ts'
import { composeStatement, type StatementInput } from '../../src/approvals/compose-statement.ts'
import { countPeople } from '../../src/approvals/count-people.ts'
import { composeRehearsal, parseApproval } from '../../src/approvals/import-approval.ts'
import { judgeApproval } from '../../src/approvals/judge-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import type { RefusalReason } from '../../src/approvals/refusal.ts'
import { findBindingRefusal } from '../../src/approvals/rules/binding.ts'
import { approvalIdOf, statementText } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { openTools } from '../../src/tools/open-tools.ts'
import { aRun } from '../support/run-fixture.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const noon = '2026-03-01T12:00:00.000Z'
const at = (time: string) => new Date(`2026-03-${time}.000Z`)
const live = aRun({ mode: 'live' })
const statementInput: StatementInput = {
  run: live,
  approver: 'alice@example.org',
  decision: 'approve',
  reason: 'read the plan',
  clock: { now: () => new Date(noon) },
  nonce: 'n',
  validHours: 24,
}

describe('findBindingRefusal and judgeApproval for a rehearsal', () => {
  const run = aRun()
  const approval = composeRehearsal({ ...statementInput, run })

  it('an approval of this run, gate, arrival and plan has no binding refusal', () => {
    expect(findBindingRefusal({ run, approval })).toBeNull()
  })

  it.each<[RefusalReason, Partial<Run>, Partial<Approval>]>([
    ['RUN_CLOSED', { status: 'closed' }, {}],
    ['NOT_AT_A_GATE', { status: 'working' }, {}],
    ['NOT_AT_A_GATE', { status: 'stopped' }, {}],
    ['ALREADY_USED', {}, { usedSeq: 8, usedAt: noon }],
    ['OTHER_RUN', { runId: 'ictr-20260301T090000Z-00000000' }, {}],
    ['OTHER_RUN', { machine: 'deploy' }, {}],
    ['OTHER_GATE', { gate: 'SG2' }, {}],
    ['OTHER_ARRIVAL', { gateSeq: 12 }, {}],
    ['OTHER_ARRIVAL', { gateHead: 'e'.repeat(64) }, {}],
    ['OTHER_PLAN', { planDigest: digestOf('another plan') }, {}],
    ['OTHER_PLAN', { planDigest: null }, {}],
    ['REHEARSAL_IN_LIVE', { mode: 'live' }, {}],
  ])(
    'an approval is refused as %s when %j %j, with a message and a command',
    (reason, runChange, approvalChange) => {
      const changed = { run: aRun(runChange), approval: { ...approval, ...approvalChange } as Approval }
      const refused = findBindingRefusal(changed)
      expect(refused?.reason).toBe(reason)
      expect(refused?.message).toMatch(/ictr-|ap-/)
      expect(refused?.next).toContain(`cutter `)
    },
  )

  it('a rehearsal lets a dry run continue, without a signature and by the operator too', async () => {
    const own = composeRehearsal({ ...statementInput, run, approver: run.startedBy })
    expect(await judgeApproval(rehearsing(own, noon))).toEqual({ refusal: null, vouched: null, counted: [] })
  })

  it('a rehearsal expires like a signed approval', async () => {
    const late = await judgeApproval(rehearsing(approval, '2026-03-02T12:00:00.000Z'))
    expect(late.refusal).toMatchObject({ reason: 'EXPIRED', next: `cutter approval rehearse ${run.runId}` })
  })

  function rehearsing(rehearsal: Approval, now: string): ApprovalCase {
    const trust = { allowedSigners: 'nowhere' }
    return { run, approval: rehearsal, operators: [], now: new Date(now), trust, policy: { validHours: 24 } }
  }
})

describeWithKeys('judgeApproval for a signed approval', () => {
  let keys: KeyFolder
  let byAlice: Approval
  let byBob: Approval
  let byMallory: Approval

  beforeAll(async () => {
    keys = openKeyFolder()
    for (const name of ['alice', 'bob', 'mallory']) keys.key(name)
    byAlice = await sign('alice')
    byBob = await sign('bob')
    byMallory = await sign('mallory', { approver: 'alice@example.org' })
    keys.file('allowed', line('alice') + line('bob'))
    keys.file('wildcard', line('alice', '*@example.org'))
    keys.file('also-operator', `${line('alice')}deploybot namespaces="git" ${keys.publicKey('alice')}\n`)
  })
  afterAll(() => keys.remove())

  const line = (name: string, as = `${name}@example.org`) => `${as} ${keys.publicKey(name)}\n`

  async function sign(name: string, overrides: Partial<StatementInput> = {}): Promise<Approval> {
    const approver = `${name}@example.org`
    const text = statementText(composeStatement({ ...statementInput, approver, ...overrides }))
    const signature = await signText({ text, keyFile: keys.path(name), namespace: 'cutter.cut.SG1' })
    return parseApproval({ text, signature, clock: statementInput.clock })
  }

  type Change = Partial<ApprovalCase> & { allowed?: string }
  function input({ allowed = 'allowed', ...overrides }: Change): ApprovalCase {
    return {
      run: live,
      approval: byAlice,
      operators: [],
      now: at('01T12:30:00'),
      trust: { allowedSigners: keys.path(allowed) },
      policy: { validHours: 24 },
      ...overrides,
    }
  }
  const refused = async (change: Change) => (await judgeApproval(input(change))).refusal
  const reasonOf = async (change: Change) => (await refused(change))?.reason ?? null

  it('judgeApproval accepts a good approval and names its signer', async () => {
    const vouched = {
      principal: 'alice@example.org',
      fingerprint: expect.stringMatching(/^SHA256:/),
      keyType: 'ED25519',
    }
    const counted = [{ approvalId: byAlice.approvalId, ...vouched }]
    expect(await judgeApproval(input({}))).toEqual({ refusal: null, vouched, counted })
  })

  it('a dry run accepts a signer who is listed by a wildcard, and a live run does not', async () => {
    expect(await reasonOf({ run: aRun(), allowed: 'wildcard' })).toBeNull()
    expect(await reasonOf({ allowed: 'wildcard' })).toBe('WILDCARD_PRINCIPAL')
  })

  it.each([
    ['a dry run goes by an answer of the same second', aRun(), false],
    ['a live run asks ssh-keygen each time', live, true],
  ])('%s', async (_, run, asksAgain) => {
    const log = keys.file('calls', '')
    const program = keys.file('counting', `#!/bin/sh\necho >> '${log}'\nexec ssh-keygen "$@"\n`, 0o755)
    const trust = { allowedSigners: keys.path('allowed'), tools: openTools({ sshKeygen: program }) }
    const judged = input({ run, trust, now: at('01T12:30:01') })
    const callsOf = async () => {
      writeFileSync(log, '')
      expect((await judgeApproval(judged)).refusal).toBeNull()
      return readFileSync(log, 'utf8').length
    }
    expect(await callsOf()).toBeGreaterThan(0)
    expect((await callsOf()) > 0).toBe(asksAgain)
  })

  it('judgeApproval refuses a stored statement that is not the signed one', async () => {
    const edited = { ...byAlice.statement, approver: 'bob@example.org' }
    expect(await reasonOf({ approval: { ...byAlice, statement: edited } })).toBe('SIGNATURE_INVALID')
    const text = statementText(edited)
    const consistent = { ...byAlice, statement: edited, statementText: text, approvalId: approvalIdOf(text) }
    expect(await reasonOf({ approval: consistent })).toBe('SIGNATURE_INVALID')
  })

  it('judgeApproval refuses a signer whom the policy does not name', async () => {
    expect(await reasonOf({ policy: { validHours: 24, of: ['bob@example.org'] } })).toBe('SIGNER_NOT_ALLOWED')
    expect(await reasonOf({ policy: { validHours: 24, of: ['alice@example.org'] } })).toBeNull()
  })

  it('an approval counts until it expires as signed, or by policy if that is sooner', async () => {
    const now = (time: string, validHours = 24) => ({ now: at(time), policy: { validHours } })
    expect(await reasonOf(now('02T11:59:59', 100))).toBeNull()
    expect(await reasonOf(now('02T12:00:00', 100))).toBe('EXPIRED')
    expect(await reasonOf(now('01T23:59:59', 12))).toBeNull()
    const late = await refused(now('02T00:00:00', 12))
    expect(late?.reason).toBe('EXPIRED')
    expect(late?.message).toContain('12 h by policy')
    expect(late?.next).toBe(`cutter approval sign ${live.runId} --as alice@example.org --key <file>`)
  })

  it('an approval may be issued five minutes ahead, and not more', async () => {
    expect(await reasonOf({ now: at('01T11:55:00') })).toBeNull()
    expect(await reasonOf({ now: at('01T11:54:59') })).toBe('NOT_YET_VALID')
  })

  it.each<[string, Change]>([
    ['started the run', { run: aRun({ mode: 'live', startedBy: 'Alice@example.org' }) }],
    ['resumed the run', { operators: ['bob@example.org', 'alice@example.org'] }],
    ['has the key under another name that did', { allowed: 'also-operator' }],
  ])('a live run refuses an approver who %s', async (_, change) => {
    expect(await reasonOf(change)).toBe('OPERATORS_OWN')
  })

  it('a dry run accepts the approval of its operator', async () => {
    expect(await reasonOf({ run: aRun({ startedBy: 'alice@example.org' }) })).toBeNull()
  })

  it('a live run needs as many people as the policy says', async () => {
    const policy = { validHours: 24, need: 2 }
    const alone = await refused({ policy })
    expect(alone?.reason).toBe('NOT_ENOUGH_APPROVERS')
    expect(alone?.message).toContain('needs 2 people')
    expect(await reasonOf({ policy, others: [byBob] })).toBeNull()
    expect(await reasonOf({ policy, others: [byAlice, await sign('alice', { nonce: 'again' })] })).toBe(
      'NOT_ENOUGH_APPROVERS',
    )
  })

  it('the number of approvers counts only approvals that are valid by themselves', async () => {
    const policy = { validHours: 24, need: 2 }
    const rejecting = await sign('bob', { decision: 'reject' })
    const forged = { ...byBob, ...byMallory, statement: byBob.statement } as Approval
    const useless = [rejecting, forged, byMallory, { ...byBob, usedSeq: 3, usedAt: noon }]
    expect(await reasonOf({ policy, others: useless })).toBe('NOT_ENOUGH_APPROVERS')
    expect(await reasonOf({ policy, others: [byBob], operators: ['bob@example.org'] })).toBe(
      'NOT_ENOUGH_APPROVERS',
    )
  })

  it('a policy without four eyes accepts an operator, by name or key', async () => {
    const policy = { validHours: 24, fourEyes: false }
    expect(await reasonOf({ policy, operators: ['alice@example.org'] })).toBeNull()
    expect(await reasonOf({ policy, allowed: 'also-operator' })).toBeNull()
  })

  describe('a person who decided twice', () => {
    const later = (overrides: Partial<StatementInput>, time = '12:10:00'): Promise<Approval> =>
      sign('alice', { clock: { now: () => at(`01T${time}`) }, ...overrides })

    it('the later decision of a person counts, whichever it is', async () => {
      const rejection = await later({ decision: 'reject' })
      expect(await reasonOf({ others: [byAlice, rejection] })).toBe('SUPERSEDED')
      expect(await reasonOf({ approval: rejection, others: [byAlice, rejection] })).toBeNull()
      const again = await later({}, '12:20:00')
      expect(await reasonOf({ approval: again, others: [byAlice, rejection, again] })).toBeNull()
      expect(await reasonOf({ approval: rejection, others: [byAlice, rejection, again] })).toBe('SUPERSEDED')
    })

    it('of two decisions of the same moment the one that does not approve counts', async () => {
      const voiding = await sign('alice', { decision: 'void' })
      expect(await reasonOf({ others: [voiding] })).toBe('SUPERSEDED')
      expect(await reasonOf({ approval: voiding, others: [byAlice] })).toBeNull()
    })

    it('a rejection supersedes an approval after the rejection has expired, too', async () => {
      const brief = await later({ decision: 'reject', validHours: 0.1 })
      expect(await reasonOf({ approval: brief, now: at('01T13:00:00') })).toBe('EXPIRED')
      expect(await reasonOf({ others: [brief], now: at('01T13:00:00') })).toBe('SUPERSEDED')
    })

    it('a decision that would not count, or is about another plan, supersedes nothing', async () => {
      const forged = await sign('mallory', { approver: 'alice@example.org', decision: 'reject' })
      const early = await later({ decision: 'reject' }, '23:00:00')
      const elsewhere = await later({
        decision: 'reject',
        run: { ...live, planDigest: digestOf('x') } as Run,
      })
      const bobs = await sign('bob', { decision: 'reject' })
      expect(await reasonOf({ others: [forged, early, elsewhere, bobs] })).toBeNull()
      const tomorrow = await later({}, '23:00:00')
      const rejection = await later({ decision: 'reject' })
      expect(await reasonOf({ approval: rejection, others: [tomorrow] })).toBeNull()
    })

    it('a superseded approval does not count towards the needed number', async () => {
      const policy = { validHours: 24, need: 2 }
      const rejection = await sign('bob', { decision: 'reject' })
      expect(await reasonOf({ policy, others: [byBob, rejection] })).toBe('NOT_ENOUGH_APPROVERS')
    })
  })

  it('one person may reject a run that two must approve', async () => {
    const approval = await sign('alice', { decision: 'reject' })
    expect(await reasonOf({ approval, policy: { validHours: 24, need: 2 } })).toBeNull()
  })
})

describe('countPeople', () => {
  const signed = (principal: string, fingerprint: string) => ({ principal, fingerprint, keyType: 'ED25519' })

  it('countPeople counts one key under two names, and one name with two keys, as one person', () => {
    expect(countPeople([signed('a', 'k1'), signed('b', 'k2')])).toBe(2)
    expect(countPeople([signed('a', 'k1'), signed('b', 'k1')])).toBe(1)
    expect(countPeople([signed('a', 'k1'), signed('A', 'k2')])).toBe(1)
    expect(countPeople([signed('a', 'k1'), signed('b', 'k2'), signed('a', 'k2')])).toBe(1)
  })
})
