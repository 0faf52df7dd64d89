import { z } from 'zod'
import { type Answers, count, digest, hex, record, text, time } from './parts.ts'

const place = { target: text, asOf: time.describe('What was in force then.') }

const heldUnit = z.strictObject({
  address: text,
  document: text.nullable(),
  kind: text,
  number: text.nullable(),
  title: text.nullable(),
  parent: text.nullable(),
  versionSeq: count,
  contentHash: digest,
  since: time.describe('When it came into force: at its commencement, without one at its approval.'),
  enactedAt: time.describe('When its approval was carried out.'),
  commencesOn: text.nullable().describe('The day that its cut named for its commencement; null if none.'),
  runId: text.nullable().describe('The run that brought it into force; null where another program did.'),
})

const alias = text.nullable().describe('The alias that was asked for and led to the address; null if none.')

const part = z.strictObject({ address: text, text })

/** Answers about documents. */
export const DOCUMENT_ANSWERS: Answers = {
  'document-scan': {
    commands: ['document scan'],
    title: 'How a document is read',
    schema: z.strictObject({
      document: text,
      profile: text,
      profileVersion: text,
      reading: text.describe('Profile, version and levels: what --profile takes to read it so again.'),
      confidence: z.number(),
      why: text,
      bytes: count,
      sha256: hex,
      encoding: text,
      records: z.array(record),
      coverage: z.strictObject({
        complete: z.boolean(),
        gaps: z.array(z.json()),
        overlaps: z.array(z.json()),
      }),
      problems: z.array(
        z.strictObject({
          code: text,
          message: text,
          line: count,
          column: count,
          start: count,
          severity: z.enum(['stops', 'needs-accept', 'note']),
        }),
      ),
      suspects: z
        .array(
          z.strictObject({
            line: count,
            code: text,
            severity: z.enum(['stops', 'needs-accept', 'note']),
            text,
            reason: text,
          }),
        )
        .optional()
        .describe('With --suspects: what the reading may have missed.'),
    }),
  },
  'document-diff': {
    commands: ['document diff'],
    title: 'What an amendment changes',
    schema: z.strictObject({
      changes: z.array(
        z.strictObject({
          change: text,
          address: text,
          newAddress: text.nullable(),
          oldSha256: hex.nullable(),
          newSha256: hex.nullable(),
          occurrence: count.optional(),
        }),
      ),
      other: z.array(z.strictObject({ removed: z.array(text), added: z.array(text) })),
      places: z
        .array(text)
        .describe('Units in their old order that stand below another heading or line outside of units.'),
    }),
  },
  'document-list': {
    commands: ['document list'],
    title: 'Documents in force in a target',
    schema: z.strictObject({
      ...place,
      documents: z.array(z.strictObject({ document: text, units: count, changedAt: time })),
    }),
  },
  'document-show': {
    commands: ['document show'],
    title: 'What is in force at an address',
    schema: z.strictObject({
      ...place,
      address: text,
      alias,
      unit: heldUnit.extend({ text }).nullable(),
      part: part.nullable().describe('The paragraph or point of that address.'),
      parts: z.array(part).describe('The addresses below the unit, for citation. They are no units.'),
      units: z.array(heldUnit),
    }),
  },
  'document-history': {
    commands: ['document history'],
    title: 'The versions of a unit',
    schema: z.strictObject({
      target: text,
      address: text,
      alias,
      versions: z
        .array(
          z.strictObject({
            versionSeq: count,
            status: text,
            title: text.nullable(),
            contentHash: digest,
            text,
            createdAt: time,
            enactedAt: time.nullable(),
            commencesOn: text.nullable(),
            since: time.nullable(),
            until: time.nullable(),
            runId: text.nullable(),
            actor: text.nullable(),
            reviewDecisionId: text.nullable(),
            reason: text.nullable(),
            changes: z
              .array(z.strictObject({ kind: z.enum(['same', 'removed', 'added']), text }))
              .nullable()
              .describe('Against the version before; null for the first.'),
          }),
        )
        .describe('The newest first.'),
    }),
  },
  'document-search': {
    commands: ['document search'],
    title: 'Units in force that have some words',
    schema: z.strictObject({
      ...place,
      words: text,
      units: z.array(heldUnit.extend({ excerpt: text })),
      hasMore: z.boolean(),
    }),
  },
  'document-profiles': {
    commands: ['document profiles'],
    title: 'Profiles that are known here',
    schema: z.array(
      z.strictObject({
        name: text,
        version: text,
        description: text,
        languages: z.array(text),
        syntax: z.array(text),
        from: text,
        detected: z.enum(['first', 'fallback', 'named']),
        levels: z.array(z.strictObject({ name: text, code: text, role: text })),
      }),
    ),
  },
}
