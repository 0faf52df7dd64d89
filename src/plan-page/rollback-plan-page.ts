import { type MarkdownLine, md, nameSpan, paragraph, points, prose, table } from '../domain/markdown.ts'
import { modeWords, targetWords } from './cut-plan-page.ts'
import { leavesSentence, lockWords } from './migration-plan-page.ts'
import { measuredStatements, type ReadRollbackPlan } from './migration-plan-schema.ts'
import type { PlanReading } from './plan-reading.ts'
import { scriptLines } from './script-section.ts'

/** The plan of gate SG2: why the committed migration did not verify, and the script that takes it back. */
export function rollbackPlanLines(reading: PlanReading, plan: ReadRollbackPlan): MarkdownLine[] {
  const { target, mode, limits, bundle } = plan
  const measured = measuredStatements.safeParse(reading.measured).data
  return [
    ...table(
      ['rollback of', nameSpan(bundle.name)],
      [
        ['target', md`${targetWords(target)}, as role ${nameSpan(target.role)}`],
        ['mode', modeWords(mode)],
        ['waits for a lock', lockWords(limits)],
        ['a statement takes', md`at most ${limits.statementTimeoutSeconds} s`],
      ],
    ),
    md`## Why`,
    '',
    ...points(plan.because.map(prose)),
    '',
    ...scriptLines(reading, plan.rollback, measured?.rollback ?? []),
    ...paragraph(leavesSentence(plan.rehearsed.leaves)),
  ]
}
