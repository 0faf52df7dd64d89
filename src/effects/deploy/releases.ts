import { posix } from 'node:path'
import type { HostCommand, HostSession } from './host-session.ts'
import { defineRead } from './read-commands.ts'

/** A release on the host, as its manifest describes it. */
export interface ReleaseOnHost {
  /** Relative to the folder of the pointer, such as `releases/20260131T090501Z-0123456789ab`. */
  path: string
  run: string
  /** ISO time. */
  deployedAt: string
  /** The release that was in force before; '' where there was none, or where the manifest does not say it. */
  wayBack: string
  /** Whether a link next to the folder of releases leads to it. */
  linked: boolean
}

/** Prints path, run, time and way back, and whether a link leads to it, of each release that has a manifest, each ended by NUL. */
const readReleases = (parent: string): HostCommand =>
  defineRead(
    'releases',
    `cd -- "$1" 2>/dev/null || exit 0
linked=$(for link in * .*; do [ -L "$link" ] && (cd -P -- "$link" 2>/dev/null && pwd -P); done)
line() { sed -n -e "s/^# $1: //p" -e "s/^$1: //p" "$2" | head -n 1; }
for manifest in releases/*/DEPLOY-MANIFEST.txt; do
  [ -f "$manifest" ] && [ ! -L "\${manifest%/*}" ] || continue
  led=no; printf '%s\\n' "$linked" | grep -qxF -- "$(cd -P -- "\${manifest%/*}" && pwd -P)" && led=yes
  printf '%s\\0%s\\0%s\\0%s\\0%s\\0' "\${manifest%/*}" "$(line run "$manifest")" "$(line deployed-at "$manifest")" "$(line way-back "$manifest")" "$led"
done`,
    parent,
  )

/** Lists the releases below `parent` that have a manifest, the newest first. */
export async function listReleases(session: HostSession, parent: string): Promise<ReleaseOnHost[]> {
  const fields = (await session.text(readReleases(parent))).split('\0')
  const found: ReleaseOnHost[] = []
  for (let at = 0; at + 5 < fields.length; at += 5) {
    const [path = '', run = '', deployedAt = '', wayBack = '', led] = fields.slice(at, at + 5)
    if (run !== '') found.push({ path, run, deployedAt, wayBack, linked: led === 'yes' })
  }
  return found.sort((a, b) => (a.deployedAt < b.deployedAt ? 1 : -1))
}

/** The name of a release without its folder. */
export const nameOfRelease = ({ path }: Pick<ReleaseOnHost, 'path'>) => posix.basename(path)

/** The files of a release that are missing, or have other bytes than its manifest says. */
export async function readChangedFiles(session: HostSession, folder: string): Promise<string[]> {
  const command = defineRead(
    'verify',
    `cd -- "$1" && [ -s DEPLOY-MANIFEST.txt ] || exit 3
sed -n '/^[\\\\]\\{0,1\\}[0-9a-f]\\{64\\}  /p' DEPLOY-MANIFEST.txt | sha256sum -c --quiet - 2>/dev/null | sed -e 's/: [A-Z][A-Za-z ]*$//'`,
    folder,
  )
  return (await session.text(command)).split('\n').filter((line) => line !== '')
}
