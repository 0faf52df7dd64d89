import type { Json } from '../domain/json.ts'
import { cutPlanLines } from './cut-plan-page.ts'
import { lifecyclePlanLines } from './lifecycle-plan-page.ts'
import { otherPlanLines } from './other-plan-page.ts'
import { cutPlan, lifecyclePlan } from './plan-schema.ts'
import { code, page, table } from './plan-words.ts'

/** A stretch of a difference between two texts. */
export interface Stretch {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** What a plan is read with. It names texts by their hashes; who reads it wants to see them. */
export interface PlanReading {
  runId: string
  machine: string
  version: string
  gate: string | null
  planDigest: string
  plan: Json
  /** The plan of the cut, where the plan itself is the one that brings it into force. */
  cut: Json
  /** The pinned source's bytes, null where they are not at hand. */
  source: Uint8Array | null
  /** Texts that the target held when the run began, by `sha256:<hex>`. */
  texts: ReadonlyMap<string, string>
  /** The second text as an edit of the first, word by word. */
  differing(before: string, after: string): Stretch[]
  /** Which units to list one by one: a page of them, or, by null, all where they are few, else groups. */
  page: number | null
  pageSize: number
}

/**
 * A plan in a form for people: what it is about, what becomes of which unit, what it expects, how it is taken back. The digest that
 * is signed is that of the plan's own bytes (`cutter run plan <run>`), of which this shows the meaning and not every field.
 */
export function planToMarkdown(reading: PlanReading): string {
  const { plan, runId, machine, version, gate, planDigest } = reading
  const cut = cutPlan.safeParse(plan)
  const lifecycle = lifecyclePlan.safeParse(plan)
  const [title, lines] = cut.success
    ? [`Cut of ${code(cut.data.document)}`, cutPlanLines(reading, cut.data)]
    : lifecycle.success
      ? [`${code(lifecycle.data.document)} comes into force`, lifecyclePlanLines(reading, lifecycle.data)]
      : [`Plan of machine ${code(machine)}`, otherPlanLines(reading)]
  return page([
    `# ${title}`,
    '',
    ...table(
      ['plan', ''],
      [
        ['digest', code(planDigest)],
        ['run', `${code(runId)}, machine ${code(machine)} ${code(version)}`],
        ...(gate === null ? [] : [['decided at', `gate ${code(gate)}`]]),
      ],
    ),
    ...lines,
  ])
}
