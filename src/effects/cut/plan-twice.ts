import type { Problem } from '../../document/diagnostics/problem.ts'
import { parseReading } from '../../document/profiles/reading.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Survey } from '../../targets/survey.ts'
import type { CurrentText } from './current-texts.ts'
import type { ScanDeps } from './deps.ts'
import type { CutPlan } from './plan.ts'
import { planCut } from './plan-cut.ts'
import { type ReadingOptions, reuseScan, scanSafely, summariseFindings } from './scan-source.ts'
import type { StoredText } from './stored-text.ts'

/** A plan, with its canonical bytes as evidence, and the problems of its source. */
export interface PlannedCut {
  plan: CutPlan
  evidence: Evidence
  problems: readonly Problem[]
}

/** The input of a plan: options for reading, source, survey and the texts in force. */
export type PlanSource = ReadingOptions & {
  bytes: Uint8Array
  survey: Survey
  inForce: CurrentText[]
  prior: StoredText | null
  /** The day of commencement, YYYY-MM-DD. */
  commences?: string | undefined
}

const readingOf = (given: PlanSource): ReadingOptions => ({ ...given, isRecut: given.inForce.length > 0 })

/**
 * Plans twice from the same bytes and the same survey. It uses the scan of this process, if there is one.
 *
 * @throws Stop STOP_PLAN_NOT_DETERMINISTIC when the two plans differ.
 */
export function planTwice(
  deps: ScanDeps,
  context: Pick<EffectContext, 'mode' | 'version'>,
  given: PlanSource,
): PlannedCut {
  const scan = reuseScan(deps, given.bytes, readingOf(given))
  const first = planOnce(deps, context, given, scan)
  if (first.evidence.digest !== planOnce(deps, context, given, scan).evidence.digest) {
    throw new Stop(
      'STOP_PLAN_NOT_DETERMINISTIC',
      'planning twice gave two different plans; nothing was changed',
    )
  }
  return first
}

/** Plans once. Without a `scan` the source is scanned again, which the last check at the gate requires. */
export function planOnce(
  deps: ScanDeps,
  { mode, version }: Pick<EffectContext, 'mode' | 'version'>,
  given: PlanSource,
  scan = scanSafely(deps, given.bytes, readingOf(given)),
): PlannedCut {
  const { document, accept, bytes, survey, inForce, prior } = given
  const plan = planCut({
    document,
    mode,
    machineVersion: version,
    bytes,
    scan,
    survey,
    inForce,
    prior,
    accept,
    commences: given.commences,
    levelsGiven: given.profile !== undefined && parseReading(given.profile).levels !== undefined,
    profiles: deps.profiles,
    unitCap: deps.caps.units,
  })
  return { plan, evidence: jsonEvidence('plan/SG1', plan), problems: scan.problems }
}

/** Returns a plan as an effect's result. */
export function plannedResult({ plan, evidence, problems }: PlannedCut) {
  const { create = 0, adopt = 0, keep = 0, ...others } = countActions(plan)
  return {
    output: {
      planDigest: evidence.digest,
      cutPlanDigest: evidence.digest,
      report: {
        ...summariseFindings(problems.filter((problem) => isFinding(problem, plan))),
        plan: {
          create,
          adopt,
          keep,
          ...others,
          governanceRows: plan.arithmetic.governanceRows,
        },
      },
    },
    evidence: [evidence],
  }
}

/** Whether a problem of the source is a finding of its plan. What needs acceptance and was planned without it, the text in force explains. */
const isFinding = ({ code, severity, start }: Problem, { accepted = [] }: CutPlan): boolean =>
  severity !== 'needs-accept' || accepted.some((one) => one.code === code && one.start === start)

/** Counts the units of each action, and the changes outside of units. What there is none of is left out. */
function countActions({ actions, endings, aliases, otherText, moved, left }: CutPlan): {
  [action: string]: number
} {
  const counts: { [action: string]: number } = {}
  for (const { action } of [...actions, ...endings]) counts[action] = (counts[action] ?? 0) + 1
  if (aliases.length > 0) counts.aliases = aliases.length
  if (left.length > 0) counts.left = left.length
  if (otherText !== undefined) counts.otherText = otherText.length
  if (moved !== undefined) counts.moved = moved.length
  return counts
}
