import { MANIFEST_NAME } from './artifact-rules.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import { type PreflightFinding, warn } from './preflight-check.ts'
import { folderExists, readFile } from './read-commands.ts'
import { readSum } from './tree-hashes.ts'
import { isBelow, isCache, listShape, MAX_LISTING_BYTES } from './tree-listing.ts'

const MAX_NAMED = 20

/**
 * Warns of what the version at the target holds besides its own deploy: data of its program move to the backup with it, and the new version
 * does not find them.
 */
export async function findLeftInBackup(
  session: HostSession,
  { strategy, target }: DeployPaths,
): Promise<PreflightFinding[]> {
  if (strategy !== 'replace' || (await session.run(folderExists(target))).exitCode !== 0) return []
  const manifest = await session.run(readFile(`${target}/${MANIFEST_NAME}`), {
    maxOutputBytes: MAX_LISTING_BYTES,
  })
  const deployed = new Set([MANIFEST_NAME, ...manifest.stdout.toString('utf8').split('\n').map(pathOfLine)])
  const there = await listShape(session, target)
  const besides = new Set([...there.keys()].filter((path) => !deployed.has(path) && !isCache(path, there)))
  const named = [...besides].filter((path) => !isBelow(path, besides)).sort()
  if (named.length === 0) return []
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : ''
  return [
    warn(
      'replace',
      `these are not of the deploy at ${target}, and stay in its backup, where the new version does not find them: ${named.slice(0, MAX_NAMED).join(', ')}${more}`,
    ),
  ]
}

/** The path that a line of a manifest names; '' for other lines. */
function pathOfLine(line: string): string {
  const [, folder, link] = /^(?:# folder (.+)|# link (.+?) -> .*)$/.exec(line) ?? []
  return readSum(line)?.path ?? folder ?? link ?? ''
}
