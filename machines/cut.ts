import { z } from 'zod'
import { chart, gated, success, work } from '../src/machine/chart.ts'
import type { MachineDefinition } from '../src/machine/define.ts'

/**
 * Cut: a governing document becomes addressable, versioned units in PostgreSQL: drafts after the first approval (SG1), in force after
 * the second (SG2). It has fourteen milestones and eleven phases; a phase is the effect that leads from one milestone to the next. Two
 * edges have no phase. They only arrive at a gate, by a timer without delay, so that the arrival is a step of its own.
 */

const cutInput = z.object({
  document: z.string().min(1).describe('id of the document, e.g. ICX-CONST'),
  source: z
    .string()
    .min(1)
    .optional()
    .describe('file that holds the document; default: its source in cutter.yaml'),
  profile: z.string().min(1).optional().describe('profile of the document; default: detected'),
  accept: z
    .string()
    .min(1)
    .optional()
    .describe('codes of problems to accept, separated by commas; cutter document scan lists them'),
  expect: z
    .string()
    .min(1)
    .optional()
    .describe('what you counted, e.g. article=143,chapter=11; the run stops on any other count'),
  commences: z.iso
    .date()
    .optional()
    .describe('day on which the decision commences, from midnight in UTC; default: when SG2 is carried out'),
  target: z.string().min(1).default('embedded').describe('database to cut into, by its name in cutter.yaml'),
})

const written = ['document', 'target', 'planDigest']

export const cutLogic = chart(
  {
    PENDING: work('source_pin', 'SOURCE_PINNED', { given: ['document', 'source', 'profile', 'target'] }),
    SOURCE_PINNED: work('mark', 'MARKED', {
      given: ['document', 'profile', 'accept', 'expect', 'sourceDigest', 'surveyDigest'],
    }),
    MARKED: work('cutplan', 'CUTPLAN_OK', {
      given: ['document', 'target', 'profile', 'accept', 'commences', 'sourceDigest', 'surveyDigest'],
    }),
    CUTPLAN_OK: work('pre_write_backup', 'PRE_WRITE_BACKUP_TAKEN', { given: written }),
    PRE_WRITE_BACKUP_TAKEN: work('grant_probe', 'GRANTS_PROBED', {
      given: [...written, 'sourceDigest', 'backupDigest'],
    }),
    GRANTS_PROBED: { after: { 0: 'AWAITING_CUT_AUTHORIZATION' } },
    AWAITING_CUT_AUTHORIZATION: gated('SG1', {
      recheck: 'recheck_cut',
      given: ['document', 'source', 'profile', 'accept', 'target', 'planDigest'],
      authorized: work('cut_leg_a', 'CUT_LEG_A_COMMITTED', { given: [...written, 'sourceDigest'] }),
    }),
    CUT_LEG_A_COMMITTED: work('structural_verify', 'STRUCTURAL_VERIFIED', { given: written }),
    STRUCTURAL_VERIFIED: work('leg_b_record', 'LEG_B_RECORDED', { given: [...written, 'legADigest'] }),
    LEG_B_RECORDED: work('write_verify', 'WRITE_VERIFIED', {
      given: ['document', 'source', 'target', 'sourceSha256', 'cutPlanDigest'],
      drops: true,
    }),
    WRITE_VERIFIED: { after: { 0: 'AWAITING_LIFECYCLE_AUTHORIZATION' } },
    AWAITING_LIFECYCLE_AUTHORIZATION: gated('SG2', {
      recheck: 'recheck_lifecycle',
      given: [...written, 'cutPlanDigest'],
      authorized: work('lifecycle_enact', 'LIFECYCLE_ENACTED', { given: [...written, 'cutPlanDigest'] }),
    }),
    LIFECYCLE_ENACTED: work('closeout', 'CLOSEOUT_REPORTED', {
      given: ['document', 'target', 'surveyDigest', 'created', 'versions', 'edges'],
    }),
    CLOSEOUT_REPORTED: success,
  },
  { id: 'cut' },
)

export const cut: MachineDefinition = {
  name: 'cut',
  version: '1',
  logic: cutLogic,
  input: cutInput,
  runIdPrefix: 'ictr',
  reviewGates: ['SG2'],
}
