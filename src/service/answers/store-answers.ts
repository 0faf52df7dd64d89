import { z } from 'zod'
import { type Answers, count, digest, hex, text, time } from './parts.ts'

/** Answers of the commands about the store. */
export const STORE_ANSWERS: Answers = {
  'store-check': {
    commands: ['store check'],
    title: 'The store as it was checked',
    schema: z.strictObject({ runs: count, entries: count, faults: z.array(text) }),
  },
  'store-backup': {
    commands: ['store backup'],
    title: 'A backup of the store',
    schema: z.strictObject({
      file: text,
      bytes: count,
      sha256: hex,
      runs: count,
      entries: count,
      faults: z.array(text),
    }),
  },
  'store-restore': {
    commands: ['store restore'],
    title: 'A store that was restored',
    schema: z.strictObject({
      file: text,
      replaced: text.nullable(),
      runs: count,
      entries: count,
      faults: z.array(text),
      behind: z.array(z.strictObject({ runId: text, why: text })),
    }),
  },
  'store-prune': {
    commands: ['store prune'],
    title: 'Runs that were pruned, or would be',
    schema: z.array(
      z.strictObject({
        runId: text,
        closedAt: time,
        bundle: text.nullable(),
        bundleDigest: digest.nullable(),
      }),
    ),
  },
  'store-move': {
    commands: ['store move'],
    title: 'Runs that were moved into another store',
    schema: z.strictObject({
      to: z.enum(['postgres', 'sqlite']),
      store: text,
      old: text.nullable(),
      runs: count,
      entries: count,
      moved: count,
      left: z.array(text),
      next: text.nullable(),
    }),
  },
}
