import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from './config-schema.ts'
import { CutterError } from './domain/errors.ts'

export type { Config } from './config-schema.ts'

/** What holds where there is no cutter.yaml. Commands that need no more than this never load the schema. */
const DEFAULTS: Config = {
  targets: {},
  hosts: {},
  documents: {},
  machines: {},
  profiles: {},
  approvals: { allowedSigners: './allowed_signers', strict: 'modes', policy: {} },
  execution: { allowLive: false },
  caps: { runMinutes: 60, phaseMinutes: 10, units: 1_000 },
}

/** `--home`, else CUTTER_HOME, else the nearest folder upward that holds cutter.yaml, else the current folder. */
export function findHome(option: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  const named = option ?? env.CUTTER_HOME
  if (named !== undefined && named !== '') return resolve(cwd, named)
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cutter.yaml'))) return folder
    if (dirname(folder) === folder) return cwd
  }
}

/** Reads `<home>/cutter.yaml`, if there is one. Throws CONFIG_INVALID with the place of each fault. */
export async function readConfig(home: string): Promise<Config> {
  const file = join(home, 'cutter.yaml')
  if (!existsSync(file)) return DEFAULTS
  const [{ parse }, { configSchema }] = await Promise.all([import('yaml'), import('./config-schema.ts')])
  let given: unknown
  try {
    given = parse(readFileSync(file, 'utf8')) ?? {}
  } catch (cause) {
    throw invalid(file, (cause as Error).message, cause)
  }
  const parsed = configSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    // Of a key that doesn't fit, zod keeps what is wrong with it one level below.
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
    return `${issue.path.join('.') || 'the file'}: ${message}`
  })
  throw invalid(file, faults.join('; '))
}

function invalid(file: string, why: string, cause?: unknown): CutterError {
  return new CutterError('CONFIG_INVALID', `${file} can't be used: ${why}; nothing was started`, {
    next: 'mend the file; README.md, section Configuration, shows every key',
    cause,
  })
}
