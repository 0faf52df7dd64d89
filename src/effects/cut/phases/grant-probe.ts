import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import type { CutDeps } from '../deps.ts'
import { probeGrants } from '../probe-grants.ts'

/** Phase `grant_probe`: checks the grants and rehearses the live calls (see `probeGrants`). */
export function grantProbe(deps: CutDeps) {
  return readEffect({
    name: 'grant_probe',
    input: z.object({
      document: z.string(),
      target: z.string(),
      planDigest: z.string(),
      sourceDigest: z.string(),
      backupDigest: z.string(),
    }),
    output: z.looseObject({ grantMatrixDigest: z.string() }),
    execute: (context, given) => probeGrants(deps, context, given),
  })
}
