import type { Effect, EffectResult, Probe } from '../domain/effect.ts'
import { Stop } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import { findNotJson } from '../domain/find-not-json.ts'
import type { Json } from '../domain/json.ts'
import { messageOfThrown } from '../domain/thrown.ts'

/**
 * What an effect returns is parsed before the engine believes it. Types do not help here: modules of users are stripped of their types, not
 * checked.
 */

/** A result whose output fits the effect's schema and JSON. */
export type ParsedResult = EffectResult<Json>

/**
 * Parses what `execute` or `simulate` returned.
 * @throws STOP_EFFECT_INVALID, which names the effect, its place, the field and what was expected
 */
export function parseEffectResult(effect: Effect, returned: unknown, way: string): ParsedResult {
  // `execute` and `simulate` may return what their probe found, if that is a write which is done.
  const isFound = isObject(returned) && returned.outcome === 'committed'
  return resultOf(effect, returned, way, isFound ? FOUND : RESULT)
}

const RESULT = ['output', 'evidence']
const FOUND = ['outcome', ...RESULT]

/**
 * Parses what `probe` returned. Whatever is not one of the three outcomes is `unknown`: a misspelt `committed` never counts as
 * `not-committed`, which would do the write twice.
 */
export function parseProbe(effect: Effect, returned: unknown): Probe<Json> {
  if (!isObject(returned)) {
    return { outcome: 'unknown', why: `${callOf(effect, 'probe')} returned ${nounOf(returned)}; ${PROBES}` }
  }
  const { outcome } = returned
  if (outcome === 'not-committed') return { outcome }
  if (outcome === 'unknown') {
    return { outcome, why: typeof returned.why === 'string' ? returned.why : 'the probe gives no reason' }
  }
  if (outcome !== 'committed') {
    const got =
      outcome === undefined
        ? 'no outcome'
        : `the outcome ${typeof outcome === 'string' ? JSON.stringify(outcome) : messageOfThrown(outcome)}`
    return { outcome: 'unknown', why: `${callOf(effect, 'probe')} returned ${got}; ${PROBES}` }
  }
  return { outcome, ...resultOf(effect, returned, 'probe', FOUND) }
}

const PROBES =
  "a probe returns the outcome 'committed' with an output, 'not-committed', or 'unknown' with a reason"

/** Builds the stop of an effect that breaks its contract. `what` is the end of a sentence whose subject is the effect. */
export function invalidEffectStop(effect: Effect, what: string, data: { [key: string]: Json } = {}): Stop {
  return new Stop('STOP_EFFECT_INVALID', `${callOf(effect)} ${what}`, {
    next: 'correct the machine; docs/machines.md has the contract of effects',
    data: { effect: effect.name, ...(effect.source && { definedAt: effect.source.place }), ...data },
  })
}

/** "the effect plan (/srv/rotate.ts:12)", or "probe of the effect …". */
function callOf({ name, source }: Effect, way?: string): string {
  const place = source === undefined ? '' : ` (${source.place})`
  return `${way === undefined ? '' : `${way} of `}the effect ${name}${place}`
}

function resultOf(effect: Effect, returned: unknown, way: string, fields: string[]): ParsedResult {
  const invalid = (field: string, what: string) =>
    invalidEffectStop(effect, `does not fit its contract: ${way} ${what}`, { field })
  if (!isObject(returned)) {
    throw invalid('output', `returned ${nounOf(returned)}; expected { output: { … }, evidence?: [ … ] }`)
  }
  const surplus = Object.keys(returned).find((key) => !fields.includes(key))
  if (surplus !== undefined) {
    throw invalid(surplus, `returned the field ${JSON.stringify(surplus)}; a result has ${fields.join(', ')}`)
  }
  const { output, evidence } = returned
  if (output === undefined) throw invalid('output', 'returned no output; expected { output: { … } }')
  if (isObject(output) && Array.isArray(output.evidence) && isObject(output.output))
    throw invalid(
      'output',
      'returned a complete result as its output; return planOf(…) itself, or { output, evidence }',
    )
  const notJson = findNotJson(output, 'output')
  if (notJson !== null) throw invalid(notJson.split(' is ')[0]!, `returned what JSON cannot hold: ${notJson}`)
  const parsed = parseAtOnce(effect, 'output', output)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = ['output', ...(issue?.path ?? [])].join('.')
    throw invalid(field, `returned ${field} that its output schema refuses: ${issue?.message}`)
  }
  const wrong = findEvidenceFault(evidence)
  if (wrong !== null) throw invalid('evidence', `returned evidence that cannot be stored: ${wrong}`)
  const result = { output: parsed.data as Json }
  return evidence === undefined ? result : { ...result, evidence: evidence as Evidence[] }
}

/**
 * Parses by a schema of an effect.
 * @throws STOP_EFFECT_INVALID when the schema cannot answer at once, such as one with a check that is asynchronous
 */
export function parseAtOnce(effect: Effect, which: 'input' | 'output', value: unknown) {
  try {
    return effect[which].safeParse(value)
  } catch (error) {
    const what = `has an ${which} schema that fails or does not answer at once: ${messageOfThrown(error)}. A schema has no asynchronous checks; do those in execute`
    throw invalidEffectStop(effect, what, { field: which })
  }
}

function findEvidenceFault(evidence: unknown): string | null {
  if (evidence === undefined) return null
  if (!Array.isArray(evidence)) return 'it is not a list'
  const at = evidence.findIndex(
    (one) =>
      !isObject(one) ||
      typeof one.name !== 'string' ||
      one.name === '' ||
      typeof one.digest !== 'string' ||
      typeof one.mediaType !== 'string' ||
      !(one.bytes instanceof Uint8Array),
  )
  return at === -1 ? null : `evidence[${at}] was not made by jsonEvidence or bytesEvidence`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const nounOf = (value: unknown) =>
  value === undefined
    ? 'nothing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : `a ${typeof value}`
