import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import type { AdoptDeps } from './deps.ts'
import { nameHost, nameHosts } from './name-hosts.ts'
import { recogniseRelease } from './phases/recognise-release.ts'
import { readDeploy, verifyBundle } from './phases/verify-bundle.ts'

export type { AdoptDeps } from './deps.ts'

/** The effects of an adoption, by the names that the machine invokes. */
export function adoptEffects(deps: AdoptDeps): Record<string, Effect> {
  const effects = [verifyBundle(deps), recogniseRelease(deps)]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}

/**
 * Verifies the bundle, and that the names of its hosts fit, before a run exists.
 * @throws INPUT_REFUSED when it proves no deploy of another home, or when the names lead to no host of its own each
 */
export async function admitAdopt(
  deps: AdoptDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const bundle = resolve(input.bundle as string)
  const host = input.host as string | undefined
  const { proven, plan } = await readDeploy(deps, bundle)
  if (plan.hosts === null) nameHost(proven.runId, plan.plans[0]!.host.name, host)
  else nameHosts(proven.runId, plan.hosts, host)
  return { ...input, bundle }
}
