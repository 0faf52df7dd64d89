import { accessSync, constants } from 'node:fs'
import type { Config } from '../config/load-config.ts'
import type { Need } from '../domain/need.ts'

/**
 * Finds the needs of a run that this host does not meet now, as words: a target that cutter.yaml does not name or whose variables are not set, a host
 * that it does not name, a file that can’t be read, and whatever the home that started the run alone has.
 */
export function findUnmetNeeds(
  needs: Need[],
  config: Pick<Config, 'targets' | 'hosts'>,
  env: NodeJS.ProcessEnv,
): string[] {
  return needs.flatMap((need) => {
    const [kind, name] = splitNeed(need)
    if (kind === 'target') return targetFaults(name, config.targets, env)
    if (kind === 'host')
      return Object.hasOwn(config.hosts, name) ? [] : [`host ${name}, which is not in cutter.yaml`]
    if (kind === 'file') return isReadable(name) ? [] : [`the file ${name}`]
    return ['what its home alone has: rehearsal databases, backups and notes']
  })
}

function splitNeed(need: Need): [kind: string, name: string] {
  const at = need.indexOf(':')
  return at === -1 ? [need, ''] : [need.slice(0, at), need.slice(at + 1)]
}

function targetFaults(name: string, targets: Config['targets'], env: NodeJS.ProcessEnv): string[] {
  if (!Object.hasOwn(targets, name)) return [`target ${name}, which is not in cutter.yaml`]
  const variables = Object.entries(targets[name]!).flatMap(([key, value]) =>
    key.endsWith('UrlEnv') && typeof value === 'string' ? [value] : [],
  )
  const missing = variables.filter((variable) => (env[variable] ?? '') === '')
  return missing.map((variable) => `the variable ${variable} of target ${name}`)
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
