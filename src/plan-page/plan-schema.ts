import { z } from 'zod'

/** What is read of the plans of a cut. Later versions may say more: what isn't known here is left alone, or shown as it is. */

const hash = z.string()
const rollback = z.record(z.string(), z.string())
const target = z.object({ systemIdentifier: z.string(), database: z.string(), serverVersion: z.number() })

const unit = z.object({
  action: z.string(),
  address: z.string(),
  title: z.string(),
  parent: z.string().nullable(),
  contentHash: hash,
  start: z.number(),
  end: z.number(),
  oldContentHash: hash.nullable().optional(),
  change: z.string().nullable().optional(),
  from: z.array(z.string()).default([]),
})
export type PlannedUnit = z.infer<typeof unit>

const expected = z.looseObject({
  units: z.array(z.looseObject({ address: z.string(), lifecycleStatus: z.string() })).optional(),
  surface: z.record(z.string(), z.array(z.unknown())).optional(),
})
export type Expected = z.infer<typeof expected>

const sourceIds = z.array(z.looseObject({ id: z.string(), address: z.string() })).default([])

export const cutPlan = z.object({
  type: z.literal('cutter.plan.cut/v1'),
  mode: z.string(),
  document: z.string(),
  target,
  source: z.object({
    sourceVersionId: z.string(),
    sha256: z.string(),
    bytes: z.number(),
    profile: z.string(),
    profileVersion: z.string(),
    reading: z.string().optional(),
  }),
  /** The day of commencement; left out: at once. */
  commencesOn: z.string().optional(),
  /** Where the text in force was read in another way. */
  reading: z.object({ was: z.string(), now: z.string() }).optional(),
  actions: z.array(unit),
  /** Units in force that the text no longer has. */
  endings: z
    .array(
      z.looseObject({
        action: z.string(),
        address: z.string(),
        contentHash: hash,
        successors: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  aliases: z
    .array(z.looseObject({ kind: z.string(), aliasAddress: z.string(), address: z.string() }))
    .default([]),
  sourceIds,
  /** Lines outside of units that differ from the text in force. */
  otherText: z
    .array(
      z.looseObject({
        after: z.string().nullable(),
        removed: z.array(z.string()),
        added: z.array(z.string()),
      }),
    )
    .default([]),
  /** Units that stand at another place in the text than before. */
  moved: z.array(z.string()).default([]),
  left: z.array(z.string()).default([]),
  accepted: z.array(z.looseObject({ code: z.string(), message: z.string(), line: z.number() })).default([]),
  excluded: z.array(
    z.object({ heading: z.string().nullable(), reason: z.string(), start: z.number(), end: z.number() }),
  ),
  layout: z.array(z.looseObject({ text: z.string().optional() })),
  expected,
  arithmetic: z.object({ unitsWritten: z.number(), governanceRows: z.number() }),
  rollback,
})
export type ReadCutPlan = z.infer<typeof cutPlan>

export const lifecyclePlan = z.object({
  type: z.literal('cutter.plan.lifecycle/v1'),
  mode: z.string(),
  document: z.string(),
  target,
  sourceVersionId: z.string(),
  commencesOn: z.string().optional(),
  actions: z.array(
    z.looseObject({
      action: z.string(),
      address: z.string(),
      versionSeq: z.number().nullish(),
      from: z.string().nullish(),
      to: z.string().nullish(),
      contentHash: hash.nullish(),
      /** The version in whose place it comes. */
      replaces: z
        .looseObject({ versionSeq: z.number(), to: z.string(), contentHash: hash.optional() })
        .optional(),
      /** The version with which the unit went out of force. */
      after: z
        .looseObject({ versionSeq: z.number(), status: z.string(), contentHash: hash.optional() })
        .optional(),
      successors: z.array(z.string()).default([]),
    }),
  ),
  aliases: z
    .array(z.looseObject({ kind: z.string(), aliasAddress: z.string(), address: z.string() }))
    .default([]),
  sourceIds,
  expected,
  rollback,
})
export type ReadLifecyclePlan = z.infer<typeof lifecyclePlan>
