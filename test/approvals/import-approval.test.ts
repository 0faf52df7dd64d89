import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeStatement, type StatementInput } from '../../src/approvals/compose-statement.ts'
import { composeRehearsal, parseApproval } from '../../src/approvals/import-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf, statementText } from '../../src/approvals/statement.ts'
import { aRun } from '../support/run-fixture.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const noon = '2026-03-01T12:00:00.000Z'
const clock = { now: () => new Date(noon) }
const input: StatementInput = {
  run: aRun(),
  approver: 'alice@example.org',
  decision: 'approve',
  reason: '',
  clock,
  nonce: 'n',
  validHours: 24,
}

describeWithKeys('parseApproval', () => {
  const text = statementText(composeStatement(input))
  let keys: KeyFolder
  let signature: string
  beforeAll(async () => {
    keys = openKeyFolder()
    signature = await signText({ text, keyFile: keys.key('alice'), namespace: namespaceOf('cut', 'SG1') })
  })
  afterAll(() => keys.remove())

  it('parseApproval gives an unused approval with the signed bytes', () => {
    const approval = parseApproval({ text, signature, clock })
    expect(approval).toMatchObject({
      kind: 'signed',
      statementText: text,
      signature,
      importedAt: noon,
      usedSeq: null,
    })
    expect(approval).toMatchObject({
      kind: 'signed',
      statement: { runId: input.run.runId, gate: 'SG1' },
    })
  })

  it('parseApproval gives the same id twice, from a file with other line ends too', () => {
    const again = parseApproval({ text, signature: signature.replaceAll('\n', '\r\n'), clock })
    expect(again).toEqual(parseApproval({ text, signature, clock }))
  })

  it('parseApproval refuses a signature that was cut short or is not armored', () => {
    for (const broken of [signature.slice(0, 100), 'garbage', '']) {
      expect(() => parseApproval({ text, signature: broken, clock })).toThrow(/armored form/)
    }
  })

  it('parseApproval refuses a statement whose bytes an editor changed', () => {
    expect(() => parseApproval({ text: `${text}\n`, signature, clock })).toThrow(/final newline/)
  })
})

describe('composeRehearsal', () => {
  it('a rehearsal is labelled as such and has no signature', () => {
    const approval = composeRehearsal({ ...input, decision: 'reject', reviewDecisionId: 'rd-1' })
    expect(approval).toMatchObject({ kind: 'rehearsal', signature: null, usedSeq: null })
    expect(approval.statement).toMatchObject({ decision: 'reject', reviewDecisionId: 'rd-1' })
  })

  it('a rehearsal is refused for a live run and for a run that does not wait at a gate', () => {
    expect(() => composeRehearsal({ ...input, run: aRun({ mode: 'live' }) })).toThrow(/is live/)
    expect(() => composeRehearsal({ ...input, run: aRun({ status: 'working' }) })).toThrow(
      /does not wait at a gate/,
    )
  })
})
