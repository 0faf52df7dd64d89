import { posix } from 'node:path'
import type { ArtifactEntry } from './artifact-entry.ts'
import type { HostCommand } from './host-session.ts'
import { defineRead } from './read-commands.ts'
import { defineInTarget } from './write-commands.ts'

/**
 * Shared paths: files and folders that all releases use. They lie in `<path>/shared`, and each release has a link to each of them, at the
 * same relative path.
 */

/** What a path of `shared` must look like. */
export const SHARED_PATH = /^(?!\/)(?!(?:.*\/)?\.\.?(?:\/|$))(?!.*\/\/)[^\p{Cc}]*[^\p{Cc}/]$/u

/** The folder of the shared paths. */
const sharedFolder = (parent: string) => posix.join(parent, 'shared')

interface Sharing {
  checks: { shared: string[] }
  place: { parent: string; target: string; staging: string }
}

/** The links of a release to the shared paths, with the folders that the artifact lacks for them. */
export function listSharedEntries(artifact: ArtifactEntry[], { checks, place }: Sharing): ArtifactEntry[] {
  const known = new Set(artifact.map(({ path }) => path))
  return checks.shared.flatMap((path) => {
    const folders = foldersOf(path).filter((folder) => !known.has(folder))
    for (const folder of folders) known.add(folder)
    return [
      ...folders.map((folder): ArtifactEntry => ({ path: folder, type: 'directory', mode: 0o755, size: 0 })),
      { path, type: 'symlink', mode: 0o777, size: 0, target: linkTarget(path, place) },
    ]
  })
}

const foldersOf = (path: string) =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, depth, names) => names.slice(0, depth + 1).join('/'))

const linkTarget = (path: string, { parent, target }: Sharing['place']) =>
  posix.relative(posix.dirname(posix.join(target, path)), posix.join(sharedFolder(parent), path))

/** The shared paths that the commit holds too, so that a link can't take their place. */
export const listSharedInArtifact = (artifact: ArtifactEntry[], shared: string[]): string[] =>
  shared.filter((path) =>
    artifact.some(
      (entry) =>
        entry.path === path ||
        entry.path.startsWith(`${path}/`) ||
        (entry.type !== 'directory' && path.startsWith(`${entry.path}/`)),
    ),
  )

/** Makes the links to the shared paths. Links that lead there already stay as they are; anything else there is left alone, and fails. */
export function linkShared({ checks, place }: Sharing, run: string): HostCommand {
  const links = checks.shared.flatMap((path) => [path, linkTarget(path, place)])
  return defineInTarget(
    { staging: place.staging, run },
    'link-shared',
    `cd -- "$1" || exit 3
shift
umask 022
while [ $# -gt 1 ]; do
  if [ "$(readlink -- "$1")" != "$2" ]; then mkdir -p -- "$(dirname -- "$1")" && ln -sT -- "$2" "$1" || exit 4; fi
  shift 2
done`,
    place.target,
    ...links,
  )
}

/** Prints the shared paths that are missing on the host, each ended by NUL. */
export const findMissingShared = (parent: string, shared: string[]): HostCommand =>
  defineRead(
    'shared',
    `for path do [ -e "$path" ] || printf '%s\\0' "$path"; done`,
    ...shared.map((path) => posix.join(sharedFolder(parent), path)),
  )
