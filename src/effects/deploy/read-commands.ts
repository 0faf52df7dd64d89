import { DEFINE_SHA256, HASH_FILES, HASH_FILES_Z } from '../../tools/hash-script.ts'
import type { HostCommand } from './host-session.ts'
import { mutableExpression } from './mutable-paths.ts'

/**
 * Defines a command that only reads: a fixed script, with the paths as arguments. No such script writes or runs anything that the read
 * folders hold. Over SSH only the scripts themselves enforce that, which the report of a dry run mentions.
 */
export const defineRead = (id: string, script: string, ...args: string[]): HostCommand => ({
  id,
  kind: 'read',
  argv: ['sh', '-c', script, id, ...args],
})

/** `names_run RUN FILE`: whether a manifest names a run. Those of plans of v1 have no `#` before their first lines. */
export const NAMES_RUN = `names_run() { grep -qxF -e "run: $1" -e "# run: $1" -- "$2" 2>/dev/null; }
`

/** The exit code for a missing folder. */
export const NO_FOLDER = 3

/**
 * Prints the facts that identify a host, as `key=value` lines. `machineId` is the first 16 hex digits of the SHA-256 of `/etc/machine-id`;
 * `time` is in seconds since 1970.
 */
export const readFacts = (): HostCommand =>
  defineRead(
    'facts',
    `echo "hostname=$(hostname 2>/dev/null || uname -n)"
echo "os=$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"')"
echo "kernel=$(uname -sr)"
echo "machine=$(uname -m)"
echo "machineId=$(cat /etc/machine-id 2>/dev/null | sha256sum | cut -c1-16)"
echo "user=$(id -un)"
echo "uid=$(id -u)"
echo "time=$(date +%s)"`,
  )

/**
 * The anchor of a tree: a hash of every byte, and one of every kind, mode, owner, time and link. For a checkout also its head, and whether
 * it is clean, without taking git's lock, running hooks or refreshing the index. `mutable`: patterns of paths that are left out; the
 * times of folders and git's status are left out then too. `listed`: only what the manifest of a release lists, without times.
 */
export const readAnchor = (path: string, listed: boolean, mutable: string[]): HostCommand =>
  defineRead(
    'anchor',
    `cd -- "$1" || exit ${NO_FOLDER}
${DEFINE_SHA256}kept() { find . -xdev -regextype posix-extended ! -regex "$skip" "$@"; }
listed() { sed -n -e 's/^[0-9a-f]\\{64\\}  /.\\//p' -e '/^\\\\/{s/^.[0-9a-f]\\{64\\}  /.\\//; s/\\\\\\\\/\\\\/g; p}' -e "$1" DEPLOY-MANIFEST.txt | tr '\\n' '\\0' | grep -zvxE -- "$skip"; }
skip=$3 times=' %T@'
[ -z "$3" ] || times=
[ -n "$3" ] || skip=/
echo "owner=$(stat -c '%U:%G %a' .)"
if [ -n "$2" ] && [ -f DEPLOY-MANIFEST.txt ]; then
  echo "treeHash=$( (printf './DEPLOY-MANIFEST.txt\\0'; listed '') | sort -z | xargs -0 -r sh -c "$4" sums | sha256_of_input)"
  echo "shapeHash=$(listed '/^# \\(folder\\|link\\) /{s///; s/ -> .*//; s/^/.\\//; p}' | sort -zu | xargs -0 -r stat --printf '%f %u %g %N\\0' | sha256_of_input)"
  echo "files=$(listed '' | tr -dc '\\0' | wc -c)"
  exit 0
fi
echo "treeHash=$(kept -type f -print0 | sort -z | xargs -0 -r sh -c "$4" sums | sha256_of_input)"
echo "shapeHash=$(kept \\( -type d -printf "%y %m %U %G$times %l %P\\0" -o -printf '%y %m %U %G %T@ %l %P\\0' \\) | sort -z | sha256_of_input)"
echo "files=$(kept -type f -printf x | wc -c)"
[ -z "$times" ] || echo "modifiedAt=$(stat -c %Y .)"
[ -e .git ] || exit 0
quiet() { git --no-optional-locks -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@" 2>/dev/null; }
echo "gitHead=$(quiet rev-parse HEAD || echo unknown)"
[ -n "$times" ] || exit 0
if out=$(quiet status --porcelain); then echo "gitClean=$([ -z "$out" ] && echo yes || echo no)"; else echo gitClean=unknown; fi
exit 0`,
    path,
    listed ? 'listed' : '',
    mutable.length === 0 ? '' : `\\./${mutableExpression(mutable)}`,
    HASH_FILES,
  )

/** Lists everything below a folder: kind, mode, link target and path, each ended by NUL. */
export const listPaths = (path: string): HostCommand =>
  defineRead('paths', `cd -- "$1" && find . -mindepth 1 -printf '%y\\0%m\\0%l\\0%P\\0'`, path)

/** Lists SHA-256 and path of every file below a folder, each line ended by NUL. */
export const listSums = (path: string): HostCommand =>
  defineRead('sums', 'cd -- "$1" && find . -type f -print0 | xargs -0 -r sh -c "$2" sums', path, HASH_FILES_Z)

/** Lists a folder's own entries, without those that the run itself makes (`ours`). */
export const listFolder = (parent: string, ...ours: string[]): HostCommand =>
  defineRead(
    'listing',
    `cd -- "$1" || exit ${NO_FOLDER}
shift
find . -mindepth 1 -maxdepth 1 \\( -type d -printf '%P\\td %m %U %G\\n' -o -printf '%P\\t%y %m %U %G %T@ %s %l\\n' \\) | sort |
  awk -F'\\t' 'BEGIN { for (i = 1; i < ARGC; i++) { skip[ARGV[i]] = 1; ARGV[i] = "" } } !($1 in skip)' "$@"`,
    parent,
    ...ours,
  )

/** What runs on a host, or starts by itself. `user-units`: services and timers of the connection's own user. */
export const SYSTEM_PARTS = [
  'services',
  'running-services',
  'timers',
  'user-units',
  'crontab',
  'containers',
  'listening-ports',
] as const
export type SystemPart = (typeof SYSTEM_PARTS)[number]

/**
 * Prints `[part]` and its sorted lines, or `[part] not available` where the host has no tool for it, or this user may not use it. Where systemd
 * does not run, systemctl reads all folders again for each unit. There the files of units are listed instead.
 */
export const readSystem = (): HostCommand =>
  defineRead(
    'system',
    `part() {
  name=$1; shift
  if out=$("$@" 2>/dev/null); then echo "[$name]"; printf '%s\\n' "$out" | sort -u; else echo "[$name] not available"; fi
}
unit_files() {
  if [ -d /run/systemd/system ]; then systemctl list-unit-files --type=service,timer --no-legend --no-pager --plain; return; fi
  command -v systemctl >/dev/null || return
  for place in /etc /run /usr/local/lib /usr/lib; do
    find "$place/systemd/system" \\( -name '*.service' -o -name '*.timer' \\) \\( -type l -printf '%f link:%l\n' -o -printf '%f file\n' \\)
  done
}
all=$(unit_files 2>/dev/null)
units() { [ -n "$all" ] && printf '%s\\n' "$all" | awk -v end="[.]$1$" '$1 ~ end { print $1, $2 }'; }
running() { out=$(systemctl list-units --type=service --state=running --no-legend --no-pager --plain) && printf '%s\\n' "$out" | awk '{ print $1 }'; }
own() {
  cd -- "\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user" || return 0
  find . -type f -exec sha256sum {} +
  find . -type l -printf '%p leads to %l\n'
}
cron() {
  command -v crontab || [ -d /etc/cron.d ] || return 1
  crontab -l | sha256sum
  ls /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly
  return 0
}
containers() {
  if command -v docker >/dev/null; then docker ps -a --format '{{.Names}} {{.Image}}'; else podman ps -a --format '{{.Names}} {{.Image}}'; fi
}
ports() { out=$(ss -ltunH) && printf '%s\\n' "$out" | awk '{ print $1, $5 }'; }
part services units service
part running-services running
part timers units timer
part user-units own
part crontab cron
part containers containers
part listening-ports ports`,
  )

/**
 * Reads how far a promote has come. It takes the promote's own lock, because the command of a dead client may still be working.
 * Exit code 75: the lock is taken.
 */
export const readPromoteState = (
  staging: string,
  target: string,
  run: string,
  pointer = '',
  release = '',
): HostCommand =>
  defineRead(
    'promoted',
    `if [ -e "$1/lock" ]; then exec 9<"$1/lock"; flock -w 120 9 || exit 75; fi
mine=no; [ "$(cat "$1/run" 2>/dev/null)" = "$3" ] && mine=yes
${NAMES_RUN}manifest=no; names_run "$3" "$2/DEPLOY-MANIFEST.txt" && manifest=yes
pointer=yes; [ -z "$4" ] || [ "$(readlink -- "$4")" = "$5" ] || pointer=no
claim=no; [ -n "$(cat "$1/claim" 2>/dev/null)" ] && [ "$(cat "$1/claim")" = "$(stat -c %d:%i -- "$2" 2>/dev/null)" ] && claim=yes
target=absent; if [ -L "$2" ] || [ -e "$2" ]; then target=there; fi
[ -d "$2" ] && [ -z "$(find "$2" -mindepth 1 -maxdepth 1 -print 2>/dev/null | head -n 1)" ] && target=empty
echo "staging=$([ -d "$1" ] && echo yes || echo no)"
echo "withdrawn=$([ -d "$1/withdrawn" ] && echo yes || echo no)"
echo "backup=$([ -d "$2-before-$3" ] && echo yes || echo no)"
[ -e "$1/expired" ] && echo expired=yes
echo "mine=$mine"; echo "manifest=$manifest"; echo "pointer=$pointer"; echo "claim=$claim"; echo "target=$target"`,
    staging,
    target,
    run,
    pointer,
    release,
  )

/** Prints a file, as its bytes are. The exit code is not 0 where it is missing or not readable. */
export const readFile = (path: string): HostCommand => defineRead('file', 'cat -- "$1"', path)
/** Prints where a link points; nothing where there is none. Exit code 4: something else is there. */
export const readPointer = (path: string): HostCommand =>
  defineRead('pointer', '[ -L "$1" ] && exec readlink -- "$1"; [ -e "$1" ] && exit 4; exit 0', path)

/** Lists the links in a folder that lead to another folder, each path ended by NUL. */
export const findLinksTo = (folder: string, target: string): HostCommand =>
  defineRead(
    'links',
    `there=$(cd -P -- "$2" && pwd -P) || exit ${NO_FOLDER}
find "$1" -mindepth 1 -maxdepth 1 -type l -exec sh -c '
for link; do if [ "$(cd -P -- "$link" 2>/dev/null && pwd -P)" = "$0" ]; then printf "%s\\0" "$link"; fi; done' "$there" {} +`,
    folder,
    target,
  )

/** Exit code 0 for a folder. */
export const folderExists = (path: string): HostCommand => defineRead('folder', '[ -d "$1" ]', path)

/** Parses `key=value` lines into an object. The last line of a key counts. */
export function parsePairs(text: string): { [key: string]: string } {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
