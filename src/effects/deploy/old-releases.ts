import { posix } from 'node:path'
import type { HostCommand, HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import { listReleases, type ReleaseOnHost } from './releases.ts'
import { defineWrite, OURS } from './write-commands.ts'

/** An old release that a deploy removes once its own is live. */
export interface OldRelease {
  /** Relative to the folder of the pointer. */
  path: string
  run: string
}

/**
 * Chooses the old releases beyond the newest `keep`. The release in force counts as one of those that stay, because it is the way back of
 * the new one. A release to which another link leads stays too.
 * @param releases the newest first. Folders without a manifest are nobody's releases, and are not among them.
 */
export function chooseOldReleases(
  releases: ReleaseOnHost[],
  { target, inForce, keep }: { target: string; inForce: string; keep: number },
): OldRelease[] {
  const others = releases.filter(({ path }) => path !== target)
  const rest = others.filter(({ path }) => path !== inForce)
  return rest
    .slice(Math.max(0, keep - (others.length - rest.length)))
    .filter(({ linked }) => !linked)
    .map(({ path, run }) => ({ path, run }))
}

/** Finds on the host the old releases that a deploy removes. `keep`: how many stay besides the new one; left out: all. */
export async function findOldReleases(
  session: HostSession,
  { parent, pointer }: Pick<DeployPaths, 'parent' | 'pointer'>,
  inForce: string,
  keep: number | undefined,
): Promise<OldRelease[]> {
  if (keep === undefined || pointer === null) return []
  return chooseOldReleases(await listReleases(session, parent), { target: pointer.to, inForce, keep })
}

/**
 * Removes old releases: each moves into staging in one rename, and is removed there. One that another run owns by now, or to which a link
 * leads, stays. Prints a line for each release: `removed PATH`, `stays PATH`, or `moved PATH`, whose rest is below `withdrawn` then.
 */
export const removeOldReleases = (
  { staging, parent }: Pick<DeployPaths, 'staging' | 'parent'>,
  run: string,
  old: OldRelease[],
): HostCommand =>
  defineWrite(
    'remove-old',
    `${OURS}staged=$PWD
cd -- "$3" || exit 3
shift 3
leads() { there=$(cd -P -- "$1" && pwd -P); for link in * .*; do [ -L "$link" ] && [ "$(cd -P -- "$link" 2>/dev/null && pwd -P)" = "$there" ] && return 0; done; return 1; }
while [ $# -gt 1 ]; do
  if [ ! -e "$1" ]; then echo "removed $1"
  elif ! names_run "$2" "$1/DEPLOY-MANIFEST.txt" || leads "$1" || ! mv -T -- "$1" "$staged/old" 2>/dev/null; then echo "stays $1"
  elif rm -rf -- "$staged/old" 2>/dev/null; then echo "removed $1"
  else mkdir -p -m 755 withdrawn && mv -T -- "$staged/old" "withdrawn/\${1##*/}-\${2##*-}" && echo "moved $1"; fi
  shift 2
done
exit 0`,
    staging,
    run,
    parent,
    ...old.flatMap(({ path, run }) => [path, run]),
  )

/** What became of old releases, as one sentence for the report. */
export function describeOldReleases(output: string): string {
  const lines = output.split('\n').filter((line) => line !== '')
  const named = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => posix.basename(line))
  const parts = [
    ['removed', named('removed')],
    ['left, because it is in use or another run owns it', named('stays')],
    ['moved to the folder withdrawn, because it could not be removed completely', named('moved')],
  ] as const
  return parts
    .flatMap(([what, names]) => (names.length === 0 ? [] : [`${what}: ${names.join(', ')}`]))
    .join('; ')
}
