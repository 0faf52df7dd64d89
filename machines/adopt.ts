import { z } from 'zod'
import { chart, success, work } from '../src/machine/chart.ts'
import type { MachineDefinition } from '../src/machine/define.ts'

/**
 * Adopt: this home gets to know a release that another home deployed. The evidence bundle of that deploy must verify against the signers of
 * this home, and the release on each host must be what the bundle says. Both phases only read. `cutter run adopt <bundle>` starts it.
 */

const adoptInput = z.object({
  bundle: z.string().min(1).describe('evidence bundle of the deploy that made the release'),
  host: z
    .string()
    .min(1)
    .optional()
    .describe(
      'name that the host of the deploy has here, where it differs from the name in its plan; of several hosts each: web1=shop1,web2=shop2',
    ),
})

const milestones = chart({
  PENDING: work('verify_bundle', 'BUNDLE_VERIFIED'),
  BUNDLE_VERIFIED: work('recognise_release', 'CLOSEOUT_REPORTED'),
  CLOSEOUT_REPORTED: success,
})

export const adopt: MachineDefinition = {
  name: 'adopt',
  version: '1',
  logic: milestones,
  input: adoptInput,
  runIdPrefix: 'adopt',
}
