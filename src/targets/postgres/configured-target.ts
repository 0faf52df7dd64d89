import { CutterError } from '../../domain/errors.ts'
import type { Target } from '../target.ts'
import { encryptionsOf } from './connection-encryption.ts'
import { ConnectionStringError, readConnectionString } from './connection-string.ts'
import { EXPECTED_GRANT_MATRIX_DIGEST } from './grant-facts.ts'
import { openTarget } from './open-target.ts'
import type { TargetRole } from './pg-session.ts'

/** How cutter.yaml describes a target. It names the environment variables that hold URLs, because those are secret. */
export interface TargetSettings {
  readerUrlEnv?: string | undefined
  executorUrlEnv?: string | undefined
  verifierUrlEnv?: string | undefined
  ownerUrlEnv?: string | undefined
  /** The role that migrates; by default the owner. */
  migratorUrlEnv?: string | undefined
  /** A server of the target's major version on which Cutter may create rehearsal databases. */
  rehearsalUrlEnv?: string | undefined
  /** Its presence accepts a snapshot of the provider as the backup. The URL is that of an instance restored from it. */
  snapshotUrlEnv?: string | undefined
  grantMatrixDigest?: string | undefined
}

/** What a variable of a target leads to. */
type UrlName = TargetRole | 'rehearsal' | 'snapshot'

type Settings = { [target: string]: TargetSettings }

/**
 * Opens a target of cutter.yaml. Its URLs are read from the environment at each use and never kept.
 * @throws TARGET_NOT_FOUND when cutter.yaml has no such target
 */
export function openConfiguredTarget(name: string, targets: Settings, env: NodeJS.ProcessEnv): Target {
  const settings = readTargetSettings(name, targets)
  return openTarget({
    name,
    url: (role) => readTargetUrl(name, settings, role, env),
    expectedGrantMatrixDigest: settings.grantMatrixDigest ?? EXPECTED_GRANT_MATRIX_DIGEST,
    toPrepare: `cutter target init ${name}`,
  })
}

/**
 * Finds the settings of a target by its name in `cutter.yaml`. The embedded target has none, so it is not found here.
 * @throws TARGET_NOT_FOUND when cutter.yaml has no such target
 */
export function readTargetSettings(name: string, targets: Settings): TargetSettings {
  const settings = Object.hasOwn(targets, name) ? targets[name] : undefined
  if (settings !== undefined) return settings
  throw new CutterError('TARGET_NOT_FOUND', `target ${name} is not in cutter.yaml; nothing was changed`, {
    next: `configured targets: ${['embedded', ...Object.keys(targets)].join(', ')}; add others to cutter.yaml under targets`,
  })
}

/**
 * Reads the URL of a target's role from the environment.
 * @throws CONFIG_INVALID when cutter.yaml names no variable for the role
 * @throws TARGET_REFUSED when the variable is not set or holds no valid URL
 */
export function readTargetUrl(
  name: string,
  settings: TargetSettings,
  role: UrlName,
  env: NodeJS.ProcessEnv,
): string {
  const variable = settings[`${role}UrlEnv`]
  if (variable === undefined) {
    throw new CutterError('CONFIG_INVALID', `target ${name} names no ${role}UrlEnv in cutter.yaml`, {
      next: `add targets.${name}.${role}UrlEnv`,
    })
  }
  const url = env[variable]
  if (url !== undefined && url !== '') return assertReadableUrl(url, { name, role, variable })
  throw new CutterError(
    'TARGET_REFUSED',
    `the environment variable ${variable}, which must hold the ${role} URL of target ${name}, is not set; nothing was changed`,
    {
      next: `export ${variable}=postgresql://…`,
    },
  )
}

/** The message names the variable and never quotes the text, because a fault is often next to the password. */
function assertReadableUrl(
  url: string,
  { name, role, variable }: { name: string; role: UrlName; variable: string },
): string {
  try {
    const { parameters, hosts } = readConnectionString(url)
    for (const { host } of hosts) encryptionsOf(parameters, host)
    return url
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error
    throw new CutterError(
      'TARGET_REFUSED',
      `the environment variable ${variable}, which must hold the ${role} URL of target ${name}, ${error.message}; nothing was changed`,
      { next: error.next },
    )
  }
}
