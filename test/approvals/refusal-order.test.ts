import { afterAll, beforeAll, expect, it } from 'vitest'
import { composeStatement } from '../../src/approvals/compose-statement.ts'
import { parseApproval } from '../../src/approvals/import-approval.ts'
import { judgeApproval } from '../../src/approvals/judge-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import type { RefusalReason } from '../../src/approvals/refusal.ts'
import { statementText } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { aRun } from '../support/run-fixture.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const noon = '2026-03-01T12:00:00.000Z'
const live = aRun({ mode: 'live' })

/** A good case, to which faults are added. Each fault leaves the others unchanged. */
interface Case {
  run: Run
  approval: Approval
  listedAs: string
  listedKey: string
  listedWith: string
  revokedKey: string
  now: string
  operators: string[]
  need: number
  presence: 'required' | 'preferred'
  /** What the approver has signed since, and whether it is there. */
  rejection: Approval
  others: Approval[]
}

type Fault = [reason: RefusalReason, put: (good: Case) => Partial<Case>]

// In the order of the checks.
const faults: Fault[] = [
  ['RUN_CLOSED', ({ run }) => ({ run: { ...run, status: 'closed' } as Run })],
  ['ALREADY_USED', ({ approval }) => ({ approval: { ...approval, usedSeq: 8, usedAt: noon } })],
  ['OTHER_RUN', ({ run }) => ({ run: { ...run, runId: 'ictr-20260301T090000Z-00000000' } })],
  ['OTHER_GATE', ({ run }) => ({ run: { ...run, gate: 'SG2' } as Run })],
  ['OTHER_ARRIVAL', ({ run }) => ({ run: { ...run, gateSeq: 12 } })],
  ['OTHER_PLAN', ({ run }) => ({ run: { ...run, planDigest: digestOf('another plan') } })],
  [
    'REHEARSAL_IN_LIVE',
    ({ approval }) => ({ approval: { ...approval, kind: 'rehearsal', signature: null } }),
  ],
  ['SIGNATURE_INVALID', ({ approval }) => ({ approval: { ...approval, signature: 'garbage' } as Approval })],
  ['SIGNER_NOT_ALLOWED', () => ({ listedKey: 'bob' })],
  ['KEY_REVOKED', () => ({ revokedKey: 'alice' })],
  ['SIGNER_NOT_VALID_THEN', () => ({ listedWith: 'valid-before="20260301"' })],
  ['WILDCARD_PRINCIPAL', () => ({ listedAs: '*@example.org' })],
  ['USER_NOT_PRESENT', () => ({ presence: 'required' })],
  ['EXPIRED', () => ({ now: '2026-03-03T12:00:00.000Z' })],
  ['OPERATORS_OWN', () => ({ operators: ['alice@example.org'] })],
  ['SUPERSEDED', ({ rejection }) => ({ others: [rejection] })],
  ['NOT_ENOUGH_APPROVERS', () => ({ need: 2 })],
]

const pairs = faults.flatMap((first, place) => {
  return faults.slice(place + 1).map((second) => ({ reason: first[0], later: second[0], first, second }))
})

describeWithKeys('the order of refusals', () => {
  let keys: KeyFolder
  let good: Case

  beforeAll(async () => {
    keys = openKeyFolder()
    for (const name of ['alice', 'bob']) keys.key(name)
    const clock = { now: () => new Date(noon) }
    const sign = async (decision: 'approve' | 'reject') => {
      const by = { approver: 'alice@example.org', decision, reason: '', clock, nonce: 'n', validHours: 24 }
      const text = statementText(composeStatement({ run: live, ...by }))
      const signature = await signText({ text, keyFile: keys.path('alice'), namespace: 'cutter.cut.SG1' })
      return parseApproval({ text, signature, clock })
    }
    good = {
      run: live,
      approval: await sign('approve'),
      rejection: await sign('reject'),
      others: [],
      listedAs: 'alice@example.org',
      listedKey: 'alice',
      listedWith: '',
      revokedKey: 'bob',
      now: '2026-03-01T12:30:00.000Z',
      operators: [],
      need: 1,
      presence: 'preferred',
    }
  })
  afterAll(() => keys.remove())

  async function reasonFor({
    run,
    approval,
    operators,
    others,
    now,
    ...rest
  }: Case): Promise<RefusalReason | null> {
    const line = `${rest.listedAs} ${rest.listedWith} ${keys.publicKey(rest.listedKey)}\n`
    const trust = {
      allowedSigners: keys.file('allowed', line),
      revokedKeys: keys.file('revoked', `${keys.publicKey(rest.revokedKey)}\n`),
    }
    const policy = { validHours: 24, need: rest.need, presence: rest.presence }
    const answer = await judgeApproval({
      run,
      approval,
      operators,
      others,
      now: new Date(now),
      trust,
      policy,
    })
    return answer.refusal?.reason ?? null
  }
  const put = ([, change]: Fault, into: Case): Case => ({ ...into, ...change(into) })

  it('the good case has no refusal', async () => {
    expect(await reasonFor(good)).toBeNull()
  })

  it.each(faults)('judgeApproval refuses a single fault as %s', async (reason, change) => {
    expect(await reasonFor(put([reason, change], good))).toBe(reason)
  })

  it.each(pairs)('judgeApproval reports $reason before $later', async ({ reason, first, second }) => {
    expect(await reasonFor(put(first, put(second, good)))).toBe(reason)
  })
})
