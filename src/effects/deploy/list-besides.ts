import type { EffectContext } from '../../domain/effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { ArtifactEntry } from './artifact-entry.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPlan } from './plan.ts'
import { listPaths } from './read-commands.ts'
import { isBelow, MAX_LISTING_BYTES } from './tree-listing.ts'

/** The paths in the target that are not in the artifact. A folder that is not in it stands for everything below. */
export async function listBesides(
  session: HostSession,
  context: Pick<EffectContext, 'evidence'>,
  { artifact, place }: DeployPlan,
): Promise<string[]> {
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, artifact.listDigest)
  const known = new Set([MANIFEST_NAME, ...entries.map(({ path }) => path)])
  const shape = await session.text(listPaths(place.target), { maxOutputBytes: MAX_LISTING_BYTES })
  const fields = shape.split('\0')
  const paths = fields.filter((_, at) => at % 4 === 3)
  const besides = new Set(paths.filter((path) => !known.has(path)))
  return [...besides].filter((path) => !isBelow(path, besides)).sort()
}
