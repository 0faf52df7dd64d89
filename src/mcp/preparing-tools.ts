import { z } from 'zod'
import { scanPage } from '../service/agents/pages.ts'
import { keepMigration } from '../service/migrations/keep.ts'
import { tool } from './tool.ts'

const text = z.string()

/** Tools that take what a run needs: documents and migrations. They start nothing. */
export const PREPARING_TOOLS = [
  tool('scan_document', {
    title: 'Scan a document',
    description:
      'Shows how a document would be cut into units, and what is odd about it. A text that is sent here is kept, and its `upload` is the input `source` of a cut.',
    answer: 'agent-scan',
    does: 'prepares',
    input: {
      text: text.optional().describe('The document itself.'),
      file: text.optional().describe('Instead: upload:<sha256>, or a file that the service may read.'),
      document: text.optional().describe('The id of the document, as cutter.yaml names it.'),
      profile: text.optional(),
      expect: text.optional().describe('How many records of a level it has: article=143.'),
      suspects: z.boolean().default(false).describe('Lists what the reading may have missed.'),
      from: z.int().min(0).default(0).describe('The `next` of an earlier answer.'),
      limit: z.int().min(1).max(200).default(50),
    },
    perform: async ({ home }, input) => ({ value: await scanPage(home, input) }),
  }),
  tool('propose_migration', {
    title: 'Propose a migration',
    description:
      'Takes the files of a migration bundle and checks them as `cutter migrate lint` does. A bundle without faults is kept, and is the input `bundle` of machine migrate. docs/migrate has the form.',
    answer: 'agent-migration',
    does: 'prepares',
    input: {
      files: z
        .record(text, text)
        .describe('The texts by their names: bundle.yaml, migration.sql and the others.'),
    },
    perform: async ({ home }, input) => ({ value: await keepMigration(home, input) }),
  }),
]
