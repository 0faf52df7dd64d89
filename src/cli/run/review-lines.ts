import type { PlanDifference } from '../../domain/plan-difference.ts'
import { blanksCounted, textInLine, visible } from '../../domain/visible.ts'
import type { RunReview } from '../../service/runs/review.ts'
import { fitLines } from '../fit.ts'
import type { Line } from '../line.ts'
import { linesOfRun } from '../run-lines.ts'
import { describeWorld, fitOf } from './explain-lines.ts'
import { fitPlan } from './plan-tables.ts'

/** The width of the labels. */
const LABEL = 8

/** What belongs to a decision, in the order in which it is read: the run, the plan, what differs, what cannot be taken back, who signed. */
export function linesOfReview(review: RunReview, width: number | null): Line[] {
  const below = [
    ...linesOfChanges(review, width),
    ...linesOfRefusals(review),
    ...linesOfAhead(review),
    ...linesOfSigners(review),
  ]
  return [
    ...linesOfRun({ ...review.run, readyApproval: review.readyApproval }, width, [
      `about   ${textInLine(review.run.about)}`,
    ]),
    '',
    ...fitPlan(review.plan.trimEnd().split('\n'), width),
    '',
    ...fitLines(below, { width, hang: LABEL }),
  ]
}

function linesOfChanges({ changes, differences, world }: RunReview, width: number | null): Line[] {
  return [
    ...(changes.from === null
      ? []
      : [`before  the run came to this gate with another plan in entry ${changes.fromSeq}; since then:`]),
    ...changes.because.map((line) => `moved   ${textInLine(line)}`),
    ...changes.parts.flatMap(({ part, differences, more }): Line[] => [
      `part    ${textInLine(part)}`,
      ...differences.map(lineOfDifference),
      ...(more > 0 ? [`        and ${more} more`] : []),
    ]),
    ...(world === null ? [] : [`world   ${textInLine(describeWorld(world, fitOf(width)))}`]),
    ...differences.map((line): Line => [{ text: 'differs ', style: 'trouble' }, textInLine(line)]),
  ]
}

const lineOfDifference = ({ how, what, words }: PlanDifference): Line => [
  `${how.padEnd(LABEL)}${what === '' ? '' : `${textInLine(what)}: `}`,
  ...words.map(({ kind, text }) => {
    const shown = blanksCounted(visible(text))
    return kind === 'same' ? shown : { text: shown, style: kind }
  }),
]

function linesOfRefusals({ refusals, run }: RunReview): Line[] {
  return refusals.flatMap(({ reason, message, next }): Line[] => [
    [{ text: 'refuses ', style: 'trouble' }, `${reason}: ${textInLine(message)}`],
    ...(next === null ? [] : [`        next: ${textInLine(next.replaceAll('<run>', run.runId))}`]),
  ])
}

function linesOfAhead({ ahead, isFinal }: RunReview): Line[] {
  const writes = ahead.filter(({ kind }) => kind === 'write')
  return [
    ...(isFinal
      ? [[{ text: 'final   a yes leads to a write without a known way back', style: 'trouble' }] as Line]
      : []),
    ...writes.map(
      ({ phase, wayBack, isFinal: isFinalWrite }) =>
        `writes  ${phase}: ${wayBack === null ? (isFinalWrite ? 'can’t be taken back' : 'simulated, or no way back is known') : `can be taken back: ${wayBack}`}`,
    ),
  ]
}

function linesOfSigners({ signed, need, may }: RunReview): Line[] {
  const counting = signed.filter(({ wouldCount, decision }) => wouldCount && decision === 'approve')
  return [
    ...(need === 0
      ? []
      : [`needs   ${need} ${need === 1 ? 'approval' : 'approvals'}, has ${counting.length}`]),
    ...signed.map(
      ({ approver, decision, wouldCount, why }) =>
        `signed  ${textInLine(approver)}: ${decision}${wouldCount ? '' : `, which would not count: ${textInLine(why ?? '')}`}`,
    ),
    ...(may.length === 0 ? [] : [`may     ${may.map(textInLine).join(', ')}`]),
  ]
}
