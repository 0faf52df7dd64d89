import { bytesEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { listUntouched, type Untouched } from '../phases/blocked-report.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import { outputOf, recordsOf } from './host-record.ts'
import type { onEachHost } from './on-each-host.ts'

/** The report of a deploy to several hosts that is blocked: its stages, and for each host the proof that it is as it was. */
export const joinBlocked: NonNullable<Parameters<typeof onEachHost>[1]> = (
  { runId },
  given,
  { records, outputs, evidence },
) => {
  const { gates = {}, gap } = given as { gates?: Stages; gap?: string }
  const stages = completeStages(gates, gap ?? '')
  const found = records.map(({ host }, index): [string, Untouched] => [
    host,
    (outputs[index]!.report as unknown as { untouched: Untouched }).untouched,
  ])
  const lines = found.flatMap(([host, one]) => listUntouched(one).map((line) => `host ${host}: ${line}`))
  const text = formatDeployReport(`Deploy ${runId}: blocked`, stages, lines)
  const output = outputOf(recordsOf(given))
  return {
    output: {
      ...output,
      report: {
        ...output.report,
        gates: stages as unknown as Json,
        untouched: Object.fromEntries(found) as unknown as Json,
      },
    },
    evidence: [...evidence, bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
  }
}
