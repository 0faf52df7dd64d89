import type { Statement } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson } from '../domain/json.ts'

/**
 * Parses statements that came from outside. A signature covers bytes, so the text must be its own canonical form (RFC 8785). Then a
 * duplicate key, another order or a final newline cannot make two readers see two statements. The checks do not use zod, because every
 * cold start of the command line loads this file.
 */

type Check = { holds: (value: unknown) => boolean; wants: string }

const text: Check = { holds: (value) => typeof value === 'string', wants: 'a text' }
const word: Check = { holds: isOneLine, wants: 'a text of one line that is not blank' }
const time: Check = { holds: isTime, wants: 'a time like 2026-01-31T12:00:00.000Z' }

const fields: { [Field in keyof Required<Statement>]: Check } = {
  type: oneOf('cutter.approval/v1'),
  runId: word,
  machine: word,
  version: word,
  gate: word,
  seq: {
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    wants: 'an integer from 0',
  },
  historyHead: word,
  planDigest: { holds: isDigest, wants: 'sha256: and 64 hex digits' },
  decision: oneOf('approve', 'reject', 'void', 'abandon'),
  approver: word,
  reason: text,
  issuedAt: time,
  expiresAt: time,
  nonce: word,
  reviewDecisionId: word,
}

/**
 * Parses the text of one statement.
 * @throws INPUT_REFUSED with the fault when the text is not exactly one complete statement in canonical form
 */
export function parseStatement(statementText: string): Statement {
  const value = readJson(statementText)
  const fault = faultOf(value)
  if (fault !== null) throw refused(fault)
  if (canonicalJson(value) !== statementText) throw refused(formFault(value, statementText))
  return value as unknown as Statement
}

function readJson(statementText: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(statementText)
  } catch (cause) {
    throw refused('it is not JSON', cause)
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw refused('it is not a JSON object')
  return value as Record<string, unknown>
}

function faultOf(value: Record<string, unknown>): string | null {
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key))
  if (unknown !== undefined) return `it has a field that statements do not have: ${JSON.stringify(unknown)}`
  for (const [field, { holds, wants }] of Object.entries(fields)) {
    if (!Object.hasOwn(value, field)) {
      if (field === 'reviewDecisionId') continue
      return `its field ${field} is missing`
    }
    if (!holds(value[field])) return `its field ${field} must be ${wants}`
  }
  if ((value.expiresAt as string) <= (value.issuedAt as string))
    return 'it expires no later than it is issued'
  return null
}

function formFault(value: Record<string, unknown>, statementText: string): string {
  return canonicalJson(value) === statementText.trim()
    ? 'it has white space around it that is not signed, such as a final newline'
    : 'it is not in canonical form (RFC 8785: keys sorted, each once, no white space)'
}

function refused(fault: string, cause?: unknown): CutterError {
  return new CutterError('INPUT_REFUSED', `this is not a valid approval statement: ${fault}`, {
    next: 'use the bytes as printed by: cutter approval statement <run> --as <principal>',
    cause,
  })
}

function oneOf(...allowed: string[]): Check {
  return { holds: (value) => allowed.includes(value as string), wants: allowed.join(' or ') }
}

/** Control characters could make a terminal show another statement than the one that is signed. */
function isOneLine(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && !/[\p{Cc}\u2028\u2029]/u.test(value)
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const milliseconds = Date.parse(value)
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === value
}
