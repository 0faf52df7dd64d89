import { z } from 'zod'
import { cleanName, foldName, isReservedName } from '../domain/person-names.ts'
import { isAddressRange } from './address-range.ts'
import { evidence } from './evidence-schema.ts'
import { messages } from './messages-schema.ts'
import { storeSchema } from './store-schema.ts'
import { isRpId, isWebOrigin } from './web-origin.ts'

const rules = z
  .strictObject({
    of: z.array(z.string().min(1)).min(1).optional(),
    need: z.int().min(1).optional(),
    fourEyes: z.boolean().optional(),
    validHours: z.number().positive().optional(),
    presence: z.enum(['required', 'preferred']).optional(),
    verification: z.enum(['required', 'preferred']).optional(),
    origins: z
      .array(
        z.string().refine(isWebOrigin, 'must be https:// and a host, such as https://cutter.example.org'),
      )
      .optional(),
    rpIds: z.array(z.string().refine(isRpId, 'must be a host name, such as cutter.example.org')).optional(),
  })
  .refine(({ of, need = 1 }) => of === undefined || new Set(of.map(foldName)).size >= need, {
    path: ['need'],
    message: 'needs more people than `of` names, so nobody could pass this gate',
  })

const operators = z
  .record(
    z
      .string()
      .regex(/^\S(.*\S)?$/, 'must be a label, such as deploybot')
      .refine((label) => cleanName(label) === label, 'must be a label without invisible characters')
      .refine((label) => !isReservedName(label), 'is what Cutter calls itself in a history'),
    z.string().regex(/^uid:(0|[1-9]\d*)$/, 'must be uid: and a user id, such as uid:1001'),
  )
  .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
    message: 'must give each user id one label',
  })
  .refine((map) => new Set(Object.keys(map).map(foldName)).size === Object.keys(map).length, {
    message: 'must not have two labels that differ only in case or white space',
  })

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')

const target = z
  .strictObject({
    readerUrlEnv: envName.optional(),
    executorUrlEnv: envName.optional(),
    verifierUrlEnv: envName.optional(),
    ownerUrlEnv: envName.optional(),
    migratorUrlEnv: envName.optional(),
    rehearsalUrlEnv: envName.optional(),
    snapshotUrlEnv: envName.optional(),
    grantMatrixDigest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256:<64 hex digits>')
      .optional(),
  })
  .refine(
    ({ readerUrlEnv, executorUrlEnv, verifierUrlEnv, migratorUrlEnv }) =>
      executorUrlEnv === undefined && verifierUrlEnv === undefined
        ? migratorUrlEnv !== undefined
        : [readerUrlEnv, executorUrlEnv, verifierUrlEnv].every((name) => name !== undefined),
    {
      message:
        'must name readerUrlEnv, executorUrlEnv and verifierUrlEnv, for cuts, or migratorUrlEnv, for migrations',
    },
  )

const program = z.string().startsWith('/', 'must be the absolute path of a program')

/** What git reaches over HTTPS or SSH. It holds no secret, because it is shown: keys are those of SSH. */
const gitUrl = z
  .string()
  .regex(
    /^(?:https:\/\/[A-Za-z0-9[][^\s@?#]*|ssh:\/\/(?:[\w.][\w.-]*@)?[A-Za-z0-9[][^\s@?#]*|[\w.][\w.-]*@[A-Za-z0-9[][^\s@?#:/]*:[^\s@?#-][^\s@?#]*)$/,
    'must be the URL of a git repository without a secret: https://<host>/<path>, ssh://<host>/<path>, or git@<host>:<path>',
  )

/** A command: the program by its absolute path, or by a name that the trusted folders have, and the arguments that come first. */
const command = z.array(z.string().min(1)).min(1)

const postgresTool = z.union(
  [
    program,
    command,
    z.record(
      z.string().regex(/^[1-9]\d?$/, 'must be a major version of PostgreSQL, such as "16"'),
      z.union([program, command]),
    ),
  ],
  'must be an absolute path, a command as a list, or one of both for each major version',
)

const tools = z.strictObject({
  sshKeygen: program.optional(),
  ssh: program.optional(),
  git: program.optional(),
  squawk: program.optional(),
  pgDump: postgresTool.optional(),
  pgRestore: postgresTool.optional(),
  openssl: program.optional(),
})

/** The shape of cutter.yaml. Secrets are given by the names of environment variables. Unknown keys are refused. */
export const configSchema = z.strictObject({
  targets: z.record(z.string(), target).default({}),
  hosts: z
    .record(
      z.string(),
      z.strictObject({ ssh: z.string().min(1), rehearseRollback: z.boolean().default(false) }),
    )
    .default({}),
  /** Where deploys get their source from, by a name: `--source <name>`. */
  repositories: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, 'a repository is named with small letters, digits and "-"'),
      z.strictObject({ url: gitUrl }),
    )
    .default({}),
  documents: z
    .record(z.string(), z.strictObject({ source: z.string().min(1), profile: z.string().min(1).optional() }))
    .default({}),
  /** The user's own profiles, by name: paths of YAML files. */
  profiles: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, 'a profile is named with small letters, digits and "-"'),
      z.string().min(1),
    )
    .default({}),
  machines: z
    .record(
      z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be kebab-case, such as rotate-keys'),
      z.string().min(1),
    )
    .default({}),
  approvals: z
    .strictObject({
      allowedSigners: z.string().min(1).default('./allowed_signers'),
      revokedKeys: z.string().min(1).optional(),
      strict: z.enum(['modes', 'owner']).default('modes'),
      resume: z.enum(['by-command', 'automatic']).default('by-command'),
      policy: z
        .record(
          // Whether the gate exists is checked when its machine is installed; see gate-policy.ts.
          z
            .string()
            .regex(
              /^[a-z][a-z0-9-]*\.(?:[A-Z][A-Za-z0-9_-]*|abandon)$/,
              'must name a gate, such as cut.SG1, or cut.abandon',
            ),
          rules,
        )
        .default({}),
    })
    .prefault({}),
  /** Folders below which callers of the service may name files. */
  inputs: z.array(z.string().min(1)).default([]),
  /** With `strict: owner` the only folder below which commands write. */
  output: z.string().min(1).optional(),
  /** Whether callers of the service may send the module of a machine, which runs with all rights of the service. */
  allowUploadedMachines: z.boolean().default(false),
  operators: operators.optional(),
  tools: tools.default({}),
  embedded: z
    .strictObject({
      user: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'must be the name of an OS user')
        .optional(),
    })
    .prefault({}),
  messages: messages.prefault({}),
  store: storeSchema.optional(),
  evidence: evidence.prefault({}),
  tls: z.strictObject({ key: z.string().min(1), cert: z.string().min(1) }).optional(),
  proxy: z
    .strictObject({
      hops: z.int().min(0).max(9).default(0),
      addresses: z
        .array(z.string().refine(isAddressRange, 'must be an address, or a network such as 10.0.0.0/8'))
        .default(['127.0.0.0/8', '::1']),
    })
    .prefault({}),
  /** The group that reaches the unix socket, by its name or number. */
  socketGroup: z
    .union([z.string().regex(/^[A-Za-z_][\w.-]*$/, 'must be the name of a group'), z.int().min(0)])
    .optional(),
  names: z.array(z.string().refine(isRpId, 'must be a host name, such as cutter.example.org')).default([]),
  backups: z.strictObject({ jobs: z.int().min(1).max(64).optional() }).prefault({}),
  execution: z.strictObject({ allowLive: z.boolean().default(false) }).prefault({}),
  caps: z
    .strictObject({
      runMinutes: z.number().positive().max(10_080).default(60),
      phaseMinutes: z.number().positive().max(10_080).default(10),
      phaseMinutesOf: z.record(z.string(), z.number().positive().max(10_080)).optional(),
      stopPhases: z.boolean().default(false),
      steps: z.int().min(100).max(1_000_000).default(10_000),
      units: z.int().positive().default(1_000),
    })
    .prefault({}),
})

export type Config = z.infer<typeof configSchema>
