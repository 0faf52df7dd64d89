import { z } from 'zod'
import { chart, gated, success, work } from '../src/machine/chart.ts'
import type { MachineDefinition } from '../src/machine/define.ts'

/**
 * Rollback: takes back what a closed deploy made on its host, under its own approval (SG2). The deploy itself stays closed, because its
 * history and closeout are signed. `cutter run rollback <run>` starts it.
 */

const rollbackInput = z.object({
  run: z.string().min(1).describe('run of the deploy to roll back, or that a staging folder names'),
  host: z.string().min(1).optional().describe('host of a staging folder whose run this home does not know'),
  staging: z.string().min(1).optional().describe('absolute path of that staging folder on the host'),
  to: z
    .string()
    .min(1)
    .optional()
    .describe('release to which the pointer goes instead of the earlier one; the tree of the deploy stays'),
})

const milestones = chart({
  PENDING: work('find_deployed', 'AWAITING_ROLLBACK_AUTHORIZATION'),
  AWAITING_ROLLBACK_AUTHORIZATION: gated('SG2', {
    recheck: 'recheck_deployed',
    work: 'take_back',
    next: 'TAKEN_BACK',
  }),
  TAKEN_BACK: work('closeout', 'CLOSEOUT_REPORTED'),
  CLOSEOUT_REPORTED: success,
})

export const rollback: MachineDefinition = {
  name: 'rollback',
  version: '1',
  logic: milestones,
  input: rollbackInput,
  runIdPrefix: 'back',
}
