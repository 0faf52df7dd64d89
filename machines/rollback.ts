import { z } from 'zod'
import { chart, gated, success, work } from '../src/machine/chart.ts'
import { effect, type MachineDefinition } from '../src/machine/define.ts'

/**
 * Rollback: what a closed deploy made on its host is taken back, under an approval of its own. The deploy stays closed, its history and
 * closeout being signed. Started by `cutter run rollback <run>`.
 */

export const rollbackInput = z.object({
  run: z.string().min(1).describe('the deploy whose work is to be taken back'),
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
  logic: milestones.provide({
    actors: {
      find_deployed: effect(),
      recheck_deployed: effect(),
      take_back: effect(),
      closeout: effect(),
    },
  }),
  input: rollbackInput,
  runIdPrefix: 'back',
}
