import { type Markdown, type MarkdownLine, md, nameSpan, page, table } from '../domain/markdown.ts'
import { cutPlanLines } from './cut-plan-page.ts'
import { deployPlan, deployPlanLines, deployPlanTitle } from './deploy-plan-page.ts'
import {
  hostsPlan,
  hostsPlanLines,
  hostsPlanTitle,
  hostsRollback,
  hostsRollbackLines,
  hostsRollbackTitle,
} from './hosts-plan-page.ts'
import { lifecyclePlanLines } from './lifecycle-plan-page.ts'
import { migrationPlanLines } from './migration-plan-page.ts'
import { migrationPlan, rollbackPlan } from './migration-plan-schema.ts'
import { otherPlanLines } from './other-plan-page.ts'
import type { PlanReading } from './plan-reading.ts'
import { cutPlan, lifecyclePlan } from './plan-schema.ts'
import { rollbackPlanLines } from './rollback-plan-page.ts'

/**
 * A plan as Markdown for people: its subject, the actions on each unit or the statements, what it expects, the rollback. The digest that is
 * signed is the digest of the plan's own bytes (`cutter run plan <run>`). This page shows their meaning, and not every field. It reads plans
 * as data, by their `type`, and shows unknown actions and unknown plans by name.
 */
export function planToMarkdown(reading: PlanReading): string {
  const { runId, machine, version, gate, planDigest } = reading
  const [title, lines] = pageOf(reading)
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

function pageOf(reading: PlanReading): [title: Markdown, lines: MarkdownLine[]] {
  const { plan, machine } = reading
  const cut = cutPlan.safeParse(plan)
  if (cut.success) return [md`Cut of ${nameSpan(cut.data.document)}`, cutPlanLines(reading, cut.data)]
  const lifecycle = lifecyclePlan.safeParse(plan)
  if (lifecycle.success)
    return [
      md`${nameSpan(lifecycle.data.document)} comes into force`,
      lifecyclePlanLines(reading, lifecycle.data),
    ]
  const hosts = hostsPlan.safeParse(plan)
  if (hosts.success) return [hostsPlanTitle(hosts.data), hostsPlanLines(reading, hosts.data)]
  const back = hostsRollback.safeParse(plan)
  if (back.success) return [hostsRollbackTitle(back.data), hostsRollbackLines(reading, back.data)]
  const deploy = deployPlan.safeParse(plan)
  if (deploy.success) return [deployPlanTitle(deploy.data), deployPlanLines(reading, deploy.data)]
  const migration = migrationPlan.safeParse(plan)
  if (migration.success)
    return [
      md`Migration ${nameSpan(migration.data.bundle.name)} of database ${nameSpan(migration.data.target.database)}`,
      migrationPlanLines(reading, migration.data),
    ]
  const rollback = rollbackPlan.safeParse(plan)
  if (rollback.success)
    return [
      md`Rollback of migration ${nameSpan(rollback.data.bundle.name)} of database ${nameSpan(rollback.data.target.database)}`,
      rollbackPlanLines(reading, rollback.data),
    ]
  return [md`Plan of machine ${nameSpan(machine)}`, otherPlanLines(reading)]
}
