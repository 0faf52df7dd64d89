import { CutterError } from '../../domain/errors.ts'
import type { Target } from '../target.ts'
import { EXPECTED_GRANT_MATRIX_DIGEST } from './grant-facts.ts'
import { openTarget } from './open-target.ts'
import type { TargetRole } from './pg-session.ts'

/** How cutter.yaml describes a target: names of environment variables stand for what is secret. */
export interface TargetSettings {
  readerUrlEnv?: string | undefined
  executorUrlEnv?: string | undefined
  verifierUrlEnv?: string | undefined
  ownerUrlEnv?: string | undefined
  /** Who migrates; the owner where it is left out. */
  migratorUrlEnv?: string | undefined
  /** A server of the target's major version on which databases may be made. */
  rehearsalUrlEnv?: string | undefined
  grantMatrixDigest?: string | undefined
}

type Settings = { [target: string]: TargetSettings }

/** A target of cutter.yaml. Its URLs are read from the environment at the moment of use and never kept. */
export function openConfiguredTarget(name: string, targets: Settings, env: NodeJS.ProcessEnv): Target {
  const settings = readTargetSettings(name, targets)
  return openTarget({
    name,
    url: (role) => readTargetUrl(name, settings, role, env),
    expectedGrantMatrixDigest: settings.grantMatrixDigest ?? EXPECTED_GRANT_MATRIX_DIGEST,
    toPrepare: `cutter target init ${name}`,
  })
}

export function readTargetSettings(name: string, targets: Settings): TargetSettings {
  const settings = targets[name]
  if (settings !== undefined) return settings
  throw new CutterError('TARGET_NOT_FOUND', `there is no target ${name}; nothing was touched`, {
    next: `known are: ${['embedded', ...Object.keys(targets)].join(', ')}; add others to cutter.yaml under targets`,
  })
}

export function readTargetUrl(
  name: string,
  settings: TargetSettings,
  role: TargetRole | 'rehearsal',
  env: NodeJS.ProcessEnv,
): string {
  const variable = settings[`${role}UrlEnv`]
  if (variable === undefined) {
    throw new CutterError('CONFIG_INVALID', `target ${name} names no ${role}UrlEnv in cutter.yaml`, {
      next: `add targets.${name}.${role}UrlEnv`,
    })
  }
  const url = env[variable]
  if (url !== undefined && url !== '') return readableUrl(url, { name, role, variable })
  throw new CutterError(
    'TARGET_REFUSED',
    `the environment variable ${variable}, which holds target ${name}’s ${role} URL, is not set; nothing was touched`,
    {
      next: `export ${variable}=postgresql://…`,
    },
  )
}

/** Told by its variable, never by its text: what is wrong about a URL is often where its password ends. */
function readableUrl(
  url: string,
  { name, role, variable }: { name: string; role: TargetRole | 'rehearsal'; variable: string },
): string {
  const fault = faultOf(url)
  if (fault === null) return url
  throw new CutterError(
    'TARGET_REFUSED',
    `the environment variable ${variable}, which holds target ${name}’s ${role} URL, ${fault}; nothing was touched`,
    {
      next: `write it as postgresql://role:password@host:port/database, with special characters percent-encoded`,
    },
  )
}

/** No stricter than pg is, which also takes a socket's path, a bare % and an empty host. */
function faultOf(url: string): string | null {
  if (url.startsWith('/') || url.startsWith('socket:')) return null
  if (!/^postgres(?:ql)?:\/\//i.test(url)) return 'holds something else than a postgresql:// URL'
  // Else a part of the password would be taken for the host's name, and told as such.
  if (/^[^:]*:\/\/[^/?#@]*[/?#].*@/.test(url))
    return 'has a / or another special character that is not encoded'
  const forms = [url, encodeURI(url), url.replace('@/', '@host/')]
  return forms.some((form) => URL.canParse(form)) ? null : 'can’t be read as a URL'
}
