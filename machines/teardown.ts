import { z } from 'zod'
import { chart, gated, success, work } from '../src/machine/chart.ts'
import type { MachineDefinition } from '../src/machine/define.ts'

/**
 * Teardown: removes the rehearsal databases of a run. They outlive their run and are removed under an approval of their own.
 * `cutter rehearsal remove <run>` starts it.
 */

const teardownInput = z.object({
  run: z.string().min(1).describe('the run whose rehearsal databases are removed'),
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
