import { z } from 'zod'

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')

/** The shape of cutter.yaml. Names of environment variables stand for what is secret; unknown keys are refused. */
export const configSchema = z.strictObject({
  targets: z
    .record(
      z.string(),
      z.strictObject({
        readerUrlEnv: envName,
        executorUrlEnv: envName,
        verifierUrlEnv: envName,
        ownerUrlEnv: envName.optional(),
        grantMatrixDigest: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256:<64 hex digits>')
          .optional(),
      }),
    )
    .default({}),
  documents: z
    .record(z.string(), z.strictObject({ source: z.string().min(1), profile: z.string().min(1).optional() }))
    .default({}),
  approvals: z
    .strictObject({
      allowedSigners: z.string().min(1).default('./allowed_signers'),
      revokedKeys: z.string().min(1).optional(),
      policy: z
        .record(
          // A mistyped gate must not leave the real one open to everybody.
          z.string().regex(/^cut\.SG[12]$/, 'must name a gate: cut.SG1 or cut.SG2'),
          z.strictObject({
            of: z.array(z.string().min(1)).min(1).optional(),
            validHours: z.number().positive().optional(),
          }),
        )
        .default({}),
    })
    .prefault({}),
  execution: z.strictObject({ allowLive: z.boolean().default(false) }).prefault({}),
  caps: z
    .strictObject({
      runMinutes: z.number().positive().max(10_080).default(60),
      phaseMinutes: z.number().positive().max(10_080).default(10),
      units: z.int().positive().default(1_000),
    })
    .prefault({}),
})

export type Config = z.infer<typeof configSchema>
