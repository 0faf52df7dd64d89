import { md, nameSpan, page, table } from '../domain/markdown.ts'
import { cutPlanLines } from './cut-plan-page.ts'
import { deployPlan, deployPlanLines, deployPlanTitle } from './deploy-plan-page.ts'
import { lifecyclePlanLines } from './lifecycle-plan-page.ts'
import { otherPlanLines } from './other-plan-page.ts'
import type { PlanReading } from './plan-reading.ts'
import { cutPlan, lifecyclePlan } from './plan-schema.ts'

/**
 * A plan as Markdown for people: its subject, the actions on each unit, what it expects, the rollback. The digest that is signed is the
 * digest of the plan's own bytes (`cutter run plan <run>`). This page shows their meaning, and not every field. It reads plans as data, by
 * their `type`, and shows unknown actions and unknown plans by name.
 */
export function planToMarkdown(reading: PlanReading): string {
  const { plan, runId, machine, version, gate, planDigest } = reading
  const cut = cutPlan.safeParse(plan)
  const lifecycle = lifecyclePlan.safeParse(plan)
  const deploy = deployPlan.safeParse(plan)
  const [title, lines] = cut.success
    ? [md`Cut of ${nameSpan(cut.data.document)}`, cutPlanLines(reading, cut.data)]
    : lifecycle.success
      ? [
          md`${nameSpan(lifecycle.data.document)} comes into force`,
          lifecyclePlanLines(reading, lifecycle.data),
        ]
      : deploy.success
        ? [deployPlanTitle(deploy.data), deployPlanLines(reading, deploy.data)]
        : [md`Plan of machine ${nameSpan(machine)}`, otherPlanLines(reading)]
  return page(
    md`# ${title}`,
    '',
    ...table(
      ['plan', ''],
      [
        ['digest', nameSpan(planDigest)],
        ['run', md`${nameSpan(runId)}, machine ${nameSpan(machine)} ${nameSpan(version)}`],
        ...(gate === null ? [] : [['decided at', md`gate ${nameSpan(gate)}`]]),
      ],
    ),
    ...lines,
  )
}
