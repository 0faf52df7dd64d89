import type { Json } from '../domain/json.ts'

/** A value of a plan that differs from the same place of an earlier plan. A value that one of them lacks is null. */
export interface PlanChange {
  /** Where it stands, such as `expected.surface.grants[3].privilege`. */
  place: string
  before: Json
  after: Json
}

/** Lists what differs between two plans, place by place. */
export const listPlanChanges = (before: Json, after: Json): PlanChange[] => [...changesOf(before, after, '')]

function* changesOf(before: Json, after: Json, place: string): Generator<PlanChange> {
  if (JSON.stringify(before) === JSON.stringify(after)) return
  if (isOpen(before) && isOpen(after) && Array.isArray(before) === Array.isArray(after)) {
    const [one, two] = [before as { [key: string]: Json }, after as { [key: string]: Json }]
    for (const key of new Set([...Object.keys(one), ...Object.keys(two)])) {
      const step = Array.isArray(before) ? `[${key}]` : place === '' ? key : `.${key}`
      yield* changesOf(one[key] ?? null, two[key] ?? null, `${place}${step}`)
    }
  } else yield { place, before, after }
}

const isOpen = (value: Json) => value !== null && typeof value === 'object'
