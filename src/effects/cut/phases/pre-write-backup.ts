import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import type { CutDeps } from '../deps.ts'
import { backUpDocument } from '../narrow-backup.ts'

/** Phase `pre_write_backup`: backs up every row of the document. */
export function preWriteBackup(deps: CutDeps) {
  return readEffect({
    name: 'pre_write_backup',
    input: z.object({ document: z.string(), target: z.string() }),
    output: z.looseObject({ backupDigest: z.string() }),
    async execute(context, { document, target }) {
      const { evidence, rows } = await backUpDocument(await deps.target(target), context, document)
      return { output: { backupDigest: evidence.digest, backedUp: rows }, evidence: [evidence] }
    },
  })
}
