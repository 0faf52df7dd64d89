import { z } from 'zod'

const variable = z.strictObject({
  env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
})

/** Where runs are kept instead of in `var/cutter.db`: a PostgreSQL database, by the variables that hold its URLs. */
export const storeSchema = z.strictObject({
  url: variable,
  owner: variable.optional(),
  /** Live runs need commits that a standby has too, unless `local` accepts that a failover may lose some. */
  commits: z.enum(['replicated', 'local']).default('replicated'),
})

export type StoreSetting = z.infer<typeof storeSchema>
