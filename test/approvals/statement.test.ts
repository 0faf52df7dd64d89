import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composeStatement, type StatementInput } from '../../src/approvals/compose-statement.ts'
import { approvalIdOf, namespaceOf, parseStatement, statementText } from '../../src/approvals/statement.ts'
import type { CutterError } from '../../src/domain/errors.ts'
import { aRun } from '../support/run-fixture.ts'

const noon = '2026-03-01T12:00:00.000Z'

function anInput(overrides: Partial<StatementInput> = {}): StatementInput {
  return {
    run: aRun(),
    approver: 'alice@example.org',
    decision: 'approve',
    reason: 'read the plan',
    clock: { now: () => new Date(noon) },
    nonce: 'n0nce',
    validHours: 24,
    ...overrides,
  }
}

const text = statementText(composeStatement(anInput()))

function errorOf(work: () => unknown): CutterError {
  try {
    work()
  } catch (error) {
    return error as CutterError
  }
  throw new Error('nothing was refused')
}

describe('composeStatement', () => {
  it('a statement names run, arrival, plan, decision and times, in canonical form without a final newline', () => {
    const run = aRun()
    expect(JSON.parse(text)).toEqual({
      type: 'cutter.approval/v1',
      runId: run.runId,
      machine: 'cut',
      version: '1.0.0',
      gate: 'SG1',
      seq: 7,
      historyHead: run.gateHead,
      planDigest: run.planDigest,
      decision: 'approve',
      approver: 'alice@example.org',
      reason: 'read the plan',
      issuedAt: noon,
      expiresAt: '2026-03-02T12:00:00.000Z',
      nonce: 'n0nce',
    })
    expect(text.startsWith('{"approver":"alice@example.org","decision":"approve","expiresAt":')).toBe(true)
    expect(text.endsWith('}')).toBe(true)
  })

  it('a statement names the arrival after later entries that did not move the run', () => {
    const later = aRun({ seq: 9, head: 'f'.repeat(64) })
    expect(statementText(composeStatement(anInput({ run: later })))).toBe(text)
  })

  it('a statement has the id of the review if the gate asks for one', () => {
    expect(composeStatement(anInput({ reviewDecisionId: 'rd-1' })).reviewDecisionId).toBe('rd-1')
  })

  it.each([
    [aRun({ status: 'working' }), /it is working at MARKED, in phase cutplan/, 'cutter run show'],
    [aRun({ status: 'stopped' }), /it is stopped at GRANTS_PROBED with STOP_DRIFT/, 'cutter run show'],
    [aRun({ status: 'closed' }), /is closed: it ended as succeeded, at CLOSEOUT_REPORTED/, 'cutter run show'],
  ])(
    'composeStatement refuses a run that does not wait at a gate, and says its state and what to do next',
    (run, message, next) => {
      const error = errorOf(() => composeStatement(anInput({ run })))
      expect(error.code).toBe('APPROVAL_REFUSED')
      expect(error.message).toMatch(message)
      expect(error.next).toContain(`${next} ${run.runId}`)
    },
  )

  it.each([
    [{ approver: ' ' }, 'approver'],
    [{ approver: 'alice\u001b[2K' }, 'approver'],
    [{ nonce: '' }, 'nonce'],
    [{ validHours: 0 }, 'expires'],
  ])('composeStatement refuses %j before anyone signs it', (overrides, field) => {
    const error = errorOf(() => composeStatement(anInput(overrides)))
    expect(error.code).toBe('INPUT_REFUSED')
    expect(error.message).toContain(field)
  })

  it('each gate has a namespace of its own', () => {
    expect(namespaceOf('cut', 'SG1')).toBe('cutter.cut.SG1')
  })
})

describe('parseStatement', () => {
  it('parseStatement returns what was composed', () => {
    expect(parseStatement(text)).toEqual(composeStatement(anInput()))
  })

  it.each([
    ['no JSON', 'hello', 'not JSON'],
    ['no object', '[]', 'not a JSON object'],
    ['an unknown field', text.replace('{', '{"admin":true,'), '"admin"'],
    ['a field named __proto__', text.replace('{', '{"__proto__":{},'), '"__proto__"'],
    ['a missing field', text.replace(/"nonce":"[^"]*",/, ''), 'nonce is missing'],
    ['another type', text.replace('approval/v1', 'approval/v2'), 'type must be'],
    ['an unknown decision', text.replace('"approve"', '"allow"'), 'decision must be'],
    ['a seq that is not an integer', text.replace('"seq":7', '"seq":7.5'), 'seq must be'],
    ['a digest in another form', text.replace('sha256:', 'md5:'), 'planDigest must be'],
    ['a day that does not exist', text.replace('2026-03-02T', '2026-02-30T'), 'expiresAt must be'],
    ['an end before its beginning', text.replace('2026-03-02T', '2026-02-28T'), 'expires'],
    ['a final newline', `${text}\n`, 'final newline'],
    ['white space inside', text.replace(':', ': '), 'canonical'],
    ['a field twice', text.replace('{', '{"approver":"mallory",'), 'canonical'],
    ['escapes that are not needed', text.replace('alice', '\\u0061lice'), 'canonical'],
    ['a number in another form', text.replace('"seq":7', '"seq":7.0'), 'canonical'],
  ])('parseStatement refuses %s', (_, changed, fault) => {
    expect(changed).not.toBe(text)
    const error = errorOf(() => parseStatement(changed))
    expect(error.code).toBe('INPUT_REFUSED')
    expect(error.message).toContain(fault)
    expect(error.next).toContain('cutter approval statement')
  })

  it('parseStatement keeps bytes and id of any reason and approver', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((name) => !/^\s*$|[\p{Cc}\u2028\u2029]/u.test(name))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), line, (reason, approver) => {
        const written = statementText(composeStatement(anInput({ reason, approver })))
        const read = statementText(parseStatement(written))
        expect(read).toBe(written)
        expect(approvalIdOf(read)).toBe(approvalIdOf(written))
      }),
    )
  })
})

describe('approvalIdOf', () => {
  it('an approval id is ap- and 32 hex digits of the statement’s digest', () => {
    expect(approvalIdOf(text)).toMatch(/^ap-[0-9a-f]{32}$/)
    expect(approvalIdOf(text)).toBe(approvalIdOf(text))
    expect(approvalIdOf(statementText(composeStatement(anInput({ nonce: 'other' }))))).not.toBe(
      approvalIdOf(text),
    )
  })
})
