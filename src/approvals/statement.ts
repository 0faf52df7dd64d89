import type { Statement } from '../domain/approval.ts'
import { canonicalJson, sha256 } from '../domain/json.ts'

export { parseStatement } from './parse-statement.ts'

/** Returns the bytes to sign, as text: RFC 8785 (canonical JSON), without a final newline. */
export function statementText(statement: Statement): string {
  return canonicalJson(statement)
}

/** Returns `ap-` and the first 32 hex digits of the SHA-256 of a statement's text, so that a statement keeps its id however often it is imported. */
export function approvalIdOf(text: string): string {
  return `ap-${sha256(text).slice(0, 32)}`
}

/** Returns the namespace of SSH signatures for one gate. A signature for one gate counts at no other gate. */
export function namespaceOf(machine: string, gate: string): string {
  return `cutter.${machine}.${gate}`
}

/** Adds hours to an ISO 8601 time. */
export function addHours(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * 3_600_000).toISOString()
}
