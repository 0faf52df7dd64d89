import { posix } from 'node:path'
import type { HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import { judge, type PreflightFinding, pickAnswers, warn } from './preflight-check.ts'
import { defineRead, parsePairs } from './read-commands.ts'
import { defineInTarget, defineWrite, EXIT, OURS, type Staged } from './write-commands.ts'

/**
 * Folders of the skeleton that lie outside of the target, each by its absolute path. They are made after the approval, and never with what
 * is above them. A rollback removes those that its run made, as long as they are empty.
 */

/** A folder outside of the target, as a plan holds it. `made`: it is missing, and the run makes it. `there`: it stays as it is. */
export interface OutsideFolder {
  path: string
  /** Where the folder above it really is, links followed. */
  above: string
  state: 'made' | 'there'
}

/** Why a path can't be outside of the target of a deploy to these paths; null if it can. `real`: with links followed. */
function findOverlap(
  real: string,
  { strategy, parent, target, staging, previous }: DeployPaths,
): string | null {
  const covers = (one: string, other: string) => one === '/' || `${other}/`.startsWith(`${one}/`)
  const inside = [
    [target, 'it is in the target'],
    [staging, 'it is in the staging folder'],
    ...previous.map((path) => [path, `it is in ${path}, which must stay as it is`]),
    ...(strategy === 'release'
      ? ['releases', 'current', 'shared', 'withdrawn'].map((name) => [
          posix.join(parent, name),
          `${posix.join(parent, name)} belongs to the releases`,
        ])
      : []),
  ]
  const found = inside.find(([folder]) => covers(folder!, real))
  if (found !== undefined) return found[1]!
  return covers(real, target) ? 'it holds the target' : null
}

/** Faults of the declared paths that show without a host, one line for each. */
export const listOutsideFaults = (paths: string[], place: DeployPaths): string[] =>
  paths.flatMap((path) => {
    const overlap = findOverlap(path, place)
    return overlap === null ? [] : [`skeleton.outside ${path}: ${overlap}`]
  })

/** The paths that the run makes next to its target are its own entries there. */
export const withOutside = (place: DeployPaths, paths: string[]): DeployPaths => ({
  ...place,
  ours: [
    ...place.ours,
    ...paths.filter((path) => posix.dirname(path) === place.parent).map((path) => posix.basename(path)),
  ],
})

/**
 * Follows each path link by link. A link counts with its owner, and a folder in which anybody may replace entries is named: whoever owns
 * one of them could lead the path elsewhere.
 */
const askOutside = (parent: string, paths: string[]) =>
  defineRead(
    'outside',
    `me=$(id -u)
say() { printf '%s\\n' "$1"; }
follow() {
  todo=$1 at= hops=0
  while [ -n "$todo" ]; do
    part=\${todo%%/*}
    case $todo in */*) todo=\${todo#*/} ;; *) todo= ;; esac
    case $part in ''|.) continue ;; ..) at=\${at%/*}; continue ;; esac
    if [ -L "$at/$part" ]; then
      hops=$((hops + 1)); [ "$hops" -le 40 ] || { say "blocked $n=$1"; return; }
      owner=$(stat -c %u -- "$at/$part")
      [ "$owner" = 0 ] || [ "$owner" = "$me" ] || say "foreign $n=$at/$part, a link of $(stat -c %U -- "$at/$part")"
      link=$(readlink -- "$at/$part")
      case $link in /*) at= ;; esac
      todo=$link/$todo
      continue
    fi
    at=$at/$part
    [ ! -e "$at" ] || [ -d "$at" ] || { say "blocked $n=$at"; return; }
    [ -z "$(find "$at" -maxdepth 0 -perm -0002 ! -perm -1000 2>/dev/null)" ] || say "open $n=$at"
  done
  say "above $n=\${at:-/}"
  [ -d "\${at:-/}" ] && say "parent $n=yes"
  [ -w "\${at:-/}" ] && [ -x "\${at:-/}" ] && say "writable $n=yes"
}
say "root=$(cd -P -- "$1" 2>/dev/null && pwd -P)"
shift
n=0
for path do
  n=$((n + 1))
  follow "$(dirname -- "$path")"
  if [ -L "$path" ]; then say "is $n=link"
  elif [ -d "$path" ]; then say "is $n=directory"; say "owner $n=$(stat -c '%U:%G %a' -- "$path")"
  elif [ -e "$path" ]; then say "is $n=other"
  else say "is $n=absent"; fi
done`,
    parent,
    ...paths,
  )

/** Surveys the declared paths on the host. It writes nothing. */
export async function surveyOutside(
  session: HostSession,
  place: DeployPaths,
  paths: string[],
): Promise<{ findings: PreflightFinding[]; outside: OutsideFolder[] }> {
  if (paths.length === 0) return { findings: [], outside: [] }
  // A folder comes before those that lie in it.
  const sorted = [...paths].sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1))
  const answers = parsePairs(await session.text(askOutside(place.parent, sorted)))
  const asked = sorted.map((path, index): AskedPath => {
    const answer = (name: string) => pickAnswers(answers, `${name} `)[String(index + 1)]
    const above = answer('above') ?? posix.dirname(path)
    return { path, above, answer, real: posix.join(above, posix.basename(path)) }
  })
  const real = (path: string) => realPathOf(path, place.parent, answers.root ?? '')
  const { target, staging, parent, previous } = place
  const followed = {
    ...place,
    target: real(target),
    staging: real(staging),
    parent: real(parent),
    previous: previous.map(real),
  }
  const reals = asked.map((one) => one.real)
  return {
    findings: asked.flatMap((one, index): PreflightFinding[] => {
      const overlap = findOverlap(one.real, followed) ?? findOverlap(one.real, place)
      const twin = reals.indexOf(one.real) === index ? null : 'another path of the list is the same folder'
      const fault = findFault(one) ?? overlap ?? twin ?? findMissing(one, reals.includes(one.above))
      return fault === null ? describeOutside(one) : [judge('outside', false, '', `${one.path}: ${fault}`)]
    }),
    outside: asked.map(({ path, above, answer }) => ({
      path,
      above,
      state: answer('is') === 'directory' ? 'there' : 'made',
    })),
  }
}

/** A declared path, and what the host answered about it. */
interface AskedPath {
  path: string
  above: string
  /** The path with the links above it followed. */
  real: string
  answer(name: string): string | undefined
}

/** Why nothing safe is at a path, or on the way to it; null where all is well. */
function findFault({ above, answer }: AskedPath): string | null {
  const [blocked, foreign, open] = [answer('blocked'), answer('foreign'), answer('open')]
  if (blocked !== undefined) return `${blocked} is not a folder, or a link that leads nowhere`
  if (foreign !== undefined) return `${foreign}, leads to it; only your own links and those of root count`
  if (open !== undefined) return `anybody may replace what is in ${open}`
  if (answer('is') === 'link') return 'it is a link'
  if (answer('is') === 'other') return 'it is there, and is not a folder'
  return above === '/' ? 'it would lie directly below the root' : null
}

/** Why a missing folder can't be made. `isMade`: the folder above it is one of the list. */
function findMissing({ above, answer }: AskedPath, isMade: boolean): string | null {
  if (answer('is') === 'directory' || isMade) return null
  if (answer('parent') !== 'yes') return `${above}, the folder above it, is missing`
  return answer('writable') === 'yes' ? null : `${above} can't be written to by the user of this connection`
}

function describeOutside({ path, above, real, answer }: AskedPath): PreflightFinding[] {
  const isThere = answer('is') === 'directory'
  const what = isThere ? `${path} is there, and stays as it is (${answer('owner')})` : `${path} is made`
  const led =
    above === posix.dirname(path) ? [] : [warn('outside', `${path} leads to ${real} through a link`)]
  return [...led, judge('outside', true, what, '')]
}

/** A path of the deploy with the links of its parent followed. */
const realPathOf = (path: string, parent: string, root: string) =>
  root !== '' && `${path}/`.startsWith(`${parent}/`) ? posix.join(root, path.slice(parent.length)) : path

/** Enters the folder above "$1", which must still be "$2", so that no link that turns meanwhile leads elsewhere. */
const ENTER = `name=\${1##*/}; cd -P -- "\${1%/*}" && [ "$(pwd -P)" = "$2" ]`

/**
 * Makes the folders that the plan found missing, with mode 700. The staging folder keeps which they are, by their inodes. Where something
 * else is there by now, or one that stayed is gone, the script ends.
 */
export const makeOutside = (staged: Staged, folders: OutsideFolder[]) =>
  defineInTarget(
    staged,
    'skeleton-outside',
    `umask 077
at=$PWD
while [ $# -gt 2 ]; do
  ${ENTER} || exit ${EXIT.notThere}
  if [ "$3" = there ]; then
    [ -d "$name" ] && [ ! -L "$name" ] || exit ${EXIT.notThere}
  elif ! grep -qxF -e "$(stat -c %d:%i -- "$name" 2>/dev/null) $1" "$at/outside" 2>/dev/null; then
    mkdir -- "$name" || exit ${EXIT.targetThere}
    printf '%s %s\\n' "$(stat -c %d:%i -- "$name")" "$1" >>"$at/outside" || { rmdir -- "$name"; exit ${EXIT.notMade}; }
  fi
  shift 3
done`,
    ...folders.flatMap(({ path, above, state }) => [path, above, state]),
  )

/**
 * Removes the folders that the run made, if they are empty. What the run made is known by inode, or because the run had come to its
 * end. Everything else stays: what the program wrote belongs to whoever runs it.
 */
export const removeOutside = (staging: string, run: string, folders: OutsideFolder[]) =>
  defineWrite(
    'remove-outside',
    `${OURS}shift 2
at=$PWD
while [ $# -gt 1 ]; do
  if { ${ENTER}; } 2>/dev/null && [ -d "$name" ] && [ ! -L "$name" ] && [ -O "$name" ]; then
    if [ -e "$at/ended" ] || grep -qxF -e "$(stat -c %d:%i -- "$name") $1" "$at/outside" 2>/dev/null; then
      rmdir -- "$name" 2>/dev/null
    fi
  fi
  shift 2
done
exit 0`,
    staging,
    run,
    ...listMade(folders)
      .reverse()
      .flatMap(({ path, above }) => [path, above]),
  )

/** The folders that a plan makes. */
export const listMade = (folders: OutsideFolder[] | undefined): OutsideFolder[] =>
  (folders ?? []).filter(({ state }) => state === 'made')

/** Which of the paths are folders, each ended by NUL. */
const listThere = (paths: string[]) =>
  defineRead('outside', `for path do [ ! -d "$path" ] || printf '%s\\0' "$path"; done`, ...paths)

/** The folders of a plan that are on the host now, of those that it makes. */
export async function findMadeOutside(
  session: HostSession,
  folders: OutsideFolder[] | undefined,
): Promise<string[]> {
  const made = listMade(folders).map(({ path }) => path)
  return made.length === 0 ? [] : (await session.text(listThere(made))).split('\0').slice(0, -1)
}
