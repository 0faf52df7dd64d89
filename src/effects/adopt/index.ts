import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import type { AdoptDeps } from './deps.ts'
import { recogniseRelease } from './phases/recognise-release.ts'
import { readDeploy, verifyBundle } from './phases/verify-bundle.ts'

export type { AdoptDeps } from './deps.ts'

/** The effects of an adoption, by the names that the machine invokes. */
export function adoptEffects(deps: AdoptDeps): Record<string, Effect> {
  const effects = [verifyBundle(deps), recogniseRelease(deps)]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}

/**
 * Verifies the bundle before a run exists.
 * @throws INPUT_REFUSED when it proves no deploy of another home
 */
export async function admitAdopt(
  deps: AdoptDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const bundle = resolve(input.bundle as string)
  await readDeploy(deps, bundle)
  return { ...input, bundle }
}
