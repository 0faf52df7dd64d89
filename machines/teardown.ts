import { z } from 'zod'
import { chart, gated, success, work } from '../src/machine/chart.ts'
import type { MachineDefinition } from '../src/machine/define.ts'

/**
 * Teardown: the copies on which a migration was rehearsed outlive their run, and go only under an approval of their own. Started
 * by `cutter rehearsal remove <run>`.
 */

export const teardownInput = z.object({
  run: z.string().min(1).describe('the run whose rehearsal copies are to go'),
})

const milestones = chart({
  PENDING: work('copies_find', 'AWAITING_TEARDOWN_AUTHORIZATION'),
  AWAITING_TEARDOWN_AUTHORIZATION: gated('SG1', {
    recheck: 'recheck_copies',
    work: 'copies_remove',
    next: 'CLOSEOUT_REPORTED',
  }),
  CLOSEOUT_REPORTED: success,
})

export const teardown: MachineDefinition = {
  name: 'teardown',
  version: '1',
  logic: milestones,
  input: teardownInput,
  runIdPrefix: 'tear',
}
