import type { RunEvent } from '../domain/history-entry.ts'
import { STOP_CODES } from '../domain/stop-codes.ts'

const OUTCOME = /^xstate\.(done|error)\.actor\./

/**
 * The outcome of an effect for those who watch a service: `execute`, `simulate`, `probe`, a stop code, or `unknown`. Null for an event that is no
 * outcome of an effect.
 */
export function findEffectOutcome(event: RunEvent): string | null {
  const [, how] = OUTCOME.exec(event.type) ?? []
  if (how === undefined) return null
  return how === 'done' ? String(event.ran) : codeOf(event)
}

function codeOf({ error }: RunEvent): string {
  const code = String((error as { code?: unknown } | undefined)?.code)
  return Object.hasOwn(STOP_CODES, code) ? code : 'unknown'
}
