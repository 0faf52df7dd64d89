import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { isTrustedOwner } from '../domain/trusted-owner.ts'
import { findSecretKey, jsonPathTo, namesSecret } from '../secrets/key-names.ts'
import { locateSecretForm } from '../secrets/patterns.ts'
import type { Config } from './config-schema.ts'
import type { StoreSetting } from './store-schema.ts'

export type { Config } from './config-schema.ts'

/** The config of a home without cutter.yaml. Commands that need no more than this never load the schema. */
const DEFAULTS: Config = {
  targets: {},
  hosts: {},
  documents: {},
  repositories: {},
  machines: {},
  profiles: {},
  approvals: { allowedSigners: './allowed_signers', strict: 'modes', resume: 'by-command', policy: {} },
  inputs: [],
  allowUploadedMachines: false,
  tools: {},
  embedded: {},
  backups: {},
  proxy: { hops: 0, addresses: ['127.0.0.0/8', '::1'] },
  names: [],
  evidence: {},
  messages: { receivers: {}, reminderHours: 24, expiringHours: 2, deadHours: 72 },
  execution: { allowLive: false },
  caps: { runMinutes: 60, phaseMinutes: 10, stopPhases: false, steps: 10_000, units: 1_000 },
}

/**
 * Finds the home: the named folder (`--home`), else CUTTER_HOME, else the nearest folder upward with cutter.yaml, else `cwd`.
 * Returns an absolute path.
 * @param uid user id of the process
 * @throws INPUT_REFUSED when a named folder does not exist, because a mistyped one would be created and answer that there are no runs
 * @throws FILES_UNSAFE when the cutter.yaml that was found belongs to somebody else, because it names programs that Cutter runs
 */
export function findHome(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
  uid = process.geteuid?.(),
): string {
  const named = option ?? env.CUTTER_HOME
  if (named !== undefined && named !== '') return existingFolder(resolve(cwd, named), option === undefined)
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, 'cutter.yaml')
    if (existsSync(file)) {
      assertTrustedOwners([folder, file], uid, env)
      return folder
    }
    if (dirname(folder) === folder) return cwd
  }
}

/** A link is judged by its own owner and by the owner of the file that it names. */
function assertTrustedOwners(paths: string[], uid: number | undefined, env: NodeJS.ProcessEnv): void {
  for (const path of paths) {
    for (const { uid: owner } of [lstatSync(path), statSync(path)]) {
      if (isTrustedOwner(owner, uid, env)) continue
      const folder = dirname(paths.at(-1)!)
      throw new CutterError(
        'FILES_UNSAFE',
        `${path} belongs to user id ${owner}, who is neither root nor the user that runs Cutter (${uid}); ${paths.at(-1)} was found from the working folder upward and not read`,
        {
          next: `if you trust it, name its folder: --home ${shellQuote(folder)}, or CUTTER_HOME=${shellQuote(folder)}`,
          data: { file: path },
        },
      )
    }
  }
}

function existingFolder(home: string, byEnv: boolean): string {
  if (statSync(home, { throwIfNoEntry: false })?.isDirectory()) return home
  throw new CutterError(
    'INPUT_REFUSED',
    `there is no folder ${home}, which ${byEnv ? 'CUTTER_HOME' : '--home'} names; nothing was created`,
    { next: `mkdir ${shellQuote(home)}, or name another` },
  )
}

/**
 * Reads `<home>/cutter.yaml`, if there is one.
 * @param shipped names that a custom machine can't have
 * @throws CONFIG_INVALID with the place of each fault, and never with a line or a value of the file, because a password in it must
 * not get into a log
 */
export async function readConfig(home: string, shipped: readonly string[]): Promise<Config> {
  const file = join(home, 'cutter.yaml')
  if (!existsSync(file)) return DEFAULTS
  const [{ readYaml }, { configSchema }] = await Promise.all([
    import('../domain/yaml.ts'),
    import('./config-schema.ts'),
  ])
  const read = readYaml(readFileSync(file, 'utf8'))
  if ('fault' in read) throw invalidConfigError(file, read.fault)
  const secret = secretIn(read.value)
  const parsed = configSchema.safeParse(read.value)
  const taken = parsed.success ? shipped.filter((name) => Object.hasOwn(parsed.data.machines, name)) : []
  if (parsed.success && secret === null && taken.length === 0) return parsed.data
  const faults = (parsed.error?.issues ?? []).map((issue) => {
    // zod keeps the message of an invalid key one level below.
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
    return `${issue.path.join('.') || 'the file'}: ${message}`
  })
  for (const name of taken) faults.push(`machines.${name}: is the name of a machine that ships`)
  if (secret !== null) faults.unshift(secret)
  throw invalidConfigError(file, faults.join('; '))
}

/** Finds the values of the environment variables that the config names: `…Env` or `env` at any depth, by variable. */
export function findConfiguredSecrets(
  config: Config,
  env: NodeJS.ProcessEnv,
): [variable: string, value: string][] {
  const found: [string, string][] = []
  const search = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'string' && (key.endsWith('Env') || key === 'env')) {
        const held = env[item]
        if (held !== undefined) found.push([item, held])
      } else search(item)
    }
  }
  search(config)
  return found
}

/**
 * Where cutter.yaml keeps runs; undefined for the file in `var`. Reads no other key, because stopping something must work also where another key can’t be
 * used. A file that does not have the word costs only its reading.
 * @throws CONFIG_INVALID
 */
export function readStoreSetting(home: string): undefined | (() => Promise<StoreSetting | undefined>) {
  const file = join(home, 'cutter.yaml')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  // YAML can write a key with escapes.
  if (!/store|\\/.test(text)) return undefined
  return async () => {
    const [{ readYaml }, { storeSchema }] = await Promise.all([
      import('../domain/yaml.ts'),
      import('./store-schema.ts'),
    ])
    const read = readYaml(text)
    if ('fault' in read) throw invalidConfigError(file, read.fault)
    const { store } = Object(read.value) as { store?: unknown }
    if (store === undefined) return undefined
    const parsed = storeSchema.safeParse(store)
    if (parsed.success) return parsed.data
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${['store', ...path].join('.')}: ${message}`,
    )
    throw invalidConfigError(file, faults.join('; '))
  }
}

/** Keys whose own keys are names that people gave: a document may be called SECRETS-ACT, a machine rotate-tokens. */
const NAMED = new Set([
  'targets',
  'documents',
  'hosts',
  'machines',
  'operators',
  'approvals.policy',
  'messages.receivers',
])

function secretIn(config: unknown): string | null {
  const key = secretKeyBelow(config, '')
  if (key !== null) return `${key} would hold a secret; name an environment variable instead`
  const form = locateSecretForm(config, '')
  return form === null
    ? null
    : `${form.path} holds a value in the form of ${form.what}; name an environment variable instead`
}

function secretKeyBelow(value: unknown, path: string): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return findSecretKey(value, path)
  const found = Object.entries(value).map(([key, item]) => {
    const here = jsonPathTo(path, key)
    return !NAMED.has(path) && namesSecret(key, item) ? here : secretKeyBelow(item, here)
  })
  return found.find((one) => one !== null) ?? null
}

function invalidConfigError(file: string, why: string): CutterError {
  return new CutterError('CONFIG_INVALID', `${file} can't be used: ${why}; nothing was started`, {
    next: 'correct the file; docs/configuration.md shows every key',
  })
}
