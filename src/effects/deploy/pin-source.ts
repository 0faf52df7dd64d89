import type { EffectContext } from '../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { type Checks, checksSchema, parseChecks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import { resolveSource, type Source } from './resolve-source.ts'

/**
 * The commit and the content of the checks file, both as evidence.
 * @throws INPUT_REFUSED for a checks file that is not valid. @throws STOP_SOURCE_MISSING when the commit can't be found.
 */
export async function pinSource(
  deps: DeployDeps,
  context: EffectContext,
  given: { source: string; commit: string; checks?: string | undefined },
): Promise<{ source: Source; checks: Checks; evidence: [Evidence, Evidence] }> {
  const checks =
    given.checks === undefined
      ? parseChecks({}, 'no checks')
      : parseChecks(await deps.readChecks(given.checks), given.checks)
  const source = await resolveSource(given, deps.tools, context.signal)
  return { source, checks, evidence: [jsonEvidence('source', source), jsonEvidence('checks', checks)] }
}

/** The checks that `pinSource` kept as evidence. */
export const readPinnedChecks = async (context: EffectContext, digest: string): Promise<Checks> =>
  checksSchema.parse(await readJsonEvidence(context, digest))
