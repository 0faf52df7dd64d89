import { diffWords } from '../document/diff/word-diff.ts'
import { describePlanDifferences } from '../plan-page/describe-differences.ts'
import type { PlanSource } from '../reports/changed-plans.ts'

/** Compares plans for reports, in the words of the plan's page. */
export const planSource = (evidence: PlanSource['evidence']): PlanSource => ({
  evidence,
  describe: (before, after) => describePlanDifferences(before, after, { evidence, differing: diffWords }),
})
