import { z } from 'zod'
import { bytesEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { describeHosts, hostRecord } from '../hosts/host-record.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'

/** Stage G8: the report with all eight stages. */
export const closeout = () =>
  readEffect({
    name: 'closeout',
    input: z.object({
      gates: z.looseObject({}),
      planDigest: z.string(),
      hosts: z.array(hostRecord).optional(),
    }),
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const stages = completeStages(given.gates as Stages, 'it was not reported')
      const notes =
        context.mode === 'live'
          ? []
          : ['only commands that read were sent; over SSH nothing but Cutter itself enforces that']
      const text = formatDeployReport(`Deploy ${context.runId}: ${context.mode}`, stages, [
        `plan ${given.planDigest}`,
        ...describeHosts(given.hosts ?? []),
        ...notes,
      ])
      const summary = Object.fromEntries(Object.entries(stages).map(([name, { status }]) => [name, status]))
      return {
        output: {
          report: {
            gates: stages as unknown as Json,
            summary,
            // Clears the report of an earlier block, which was resolved since.
            untouched: null,
            ...(notes[0] === undefined ? {} : { note: notes[0] }),
          },
        },
        evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
      }
    },
  })
