import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApprovalCase } from '../../src/approvals/approval-case.ts'
import { composeStatement } from '../../src/approvals/compose-statement.ts'
import { parseApproval } from '../../src/approvals/import-approval.ts'
import { judgeApproval } from '../../src/approvals/judge-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { statementText } from '../../src/approvals/statement.ts'
import type { Approval, Decision } from '../../src/domain/approval.ts'
import { aRun } from '../support/run-fixture.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const run = aRun({ mode: 'live' })
const [ALICE, BOB, CAROL] = ['alice@example.org', 'bob@example.org', 'carol@example.org']

/** A certificate stands for the person who holds the key in it, whatever name it is approved under. */
describeWithKeys('a certificate', () => {
  let keys: KeyFolder
  let approvals: { [name: string]: Approval }
  let minutes = 0

  const sign = async (approver: string, keyFile: string, decision: Decision = 'approve') => {
    const clock = { now: () => new Date(Date.UTC(2026, 2, 1, 12, minutes++)) }
    const by = { approver, decision, reason: '', clock, nonce: `n${minutes}`, validHours: 24 }
    const text = statementText(composeStatement({ run, ...by }))
    const signature = await signText({ text, keyFile, namespace: 'cutter.cut.SG1' })
    return parseApproval({ text, signature, clock })
  }

  beforeAll(async () => {
    keys = openKeyFolder()
    for (const name of ['authority', 'k', 'other', 'bob']) keys.key(name)
    const certificate = keys.certify('k', ALICE, 'authority')
    approvals = {
      alice: await sign(ALICE, certificate),
      bob: await sign(BOB, keys.path('bob')),
      carolWithK: await sign(CAROL, keys.path('k')),
      carolWithOther: await sign(CAROL, keys.path('other')),
      rejection: await sign(CAROL, keys.path('other'), 'reject'),
    }
  })
  afterAll(() => keys.remove())

  const line = (principal: string, key: string, options = '') =>
    `${principal} ${options} ${keys.publicKey(key)}\n`
  const judge = async (lines: string[], given: Partial<ApprovalCase>) => {
    const subject = {
      ...{ run, approval: approvals.alice!, operators: [], now: new Date('2026-03-01T12:30:00.000Z') },
      policy: { validHours: 24 },
      trust: { allowedSigners: keys.file('allowed', lines.join('')) },
    }
    const { refusal } = await judgeApproval({ ...subject, ...given })
    return refusal
  }
  const byAuthority = () => line(ALICE, 'authority', 'cert-authority')

  it('counts for its principal', async () => {
    expect(await judge([byAuthority()], { operators: ['deploybot'] })).toBeNull()
  })

  it.each([
    ['the key in it is listed for the operator', () => [line('deploybot', 'k', 'namespaces="git"')]],
    ['the key in it is listed for the operator in other letters', () => [line('DeployBot', 'k')]],
    ['the key in it is listed for a pattern of the operator', () => [line('deploy*', 'k')]],
    [
      'the key in it is listed for another name of the operator',
      () => [line(CAROL, 'k'), line(CAROL, 'other'), line('deploybot', 'other')],
    ],
    ['its authority is the operator’s own key', () => [line('deploybot', 'authority')]],
  ])('is the operator’s own where %s', async (_, more) => {
    const refusal = await judge([byAuthority(), ...more()], { operators: ['deploybot'] })
    expect(refusal).toMatchObject({ reason: 'OPERATORS_OWN' })
  })

  it('is not the operator’s own because one authority certifies both', async () => {
    const both = [byAuthority(), line('deploybot', 'authority', 'cert-authority')]
    expect(await judge(both, { operators: ['deploybot'] })).toBeNull()
  })

  const two = { validHours: 24, need: 2 }

  it('counts with the signature of another person as two people', async () => {
    const others = [approvals.bob!]
    expect(await judge([byAuthority(), line(BOB, 'bob')], { policy: two, others })).toBeNull()
  })

  it('and the key in it under another name are one person', async () => {
    const others = [approvals.carolWithK!]
    const refusal = await judge([byAuthority(), line(CAROL, 'k')], { policy: two, others })
    expect(refusal).toMatchObject({ reason: 'NOT_ENOUGH_APPROVERS' })
  })

  it('and a second key of the person who holds the key in it are one person', async () => {
    const lines = [byAuthority(), line(CAROL, 'k'), line(CAROL, 'other')]
    const refusal = await judge(lines, { policy: two, others: [approvals.carolWithOther!] })
    expect(refusal).toMatchObject({ reason: 'NOT_ENOUGH_APPROVERS' })
  })

  it('does not count after the person who holds the key in it has rejected', async () => {
    const lines = [byAuthority(), line(CAROL, 'k'), line(CAROL, 'other')]
    const refusal = await judge(lines, { others: [approvals.rejection!] })
    expect(refusal).toMatchObject({ reason: 'SUPERSEDED' })
  })
})
