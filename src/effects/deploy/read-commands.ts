import type { HostCommand } from './host-session.ts'

/**
 * Every command that looks at a host: fixed scripts, the paths as arguments. None writes, and none runs anything that the looked-at
 * folders hold. Over SSH nobody but this file enforces that, which the receipt of a dry run says.
 */
const look = (id: string, script: string, ...args: string[]): HostCommand => ({
  id,
  kind: 'read',
  argv: ['sh', '-c', script, id, ...args],
})

/** Exit code where there is no such folder. */
export const NO_FOLDER = 3

export const readFacts = (): HostCommand =>
  look(
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

/** Programs that are known to do nothing else when they are asked for their version. */
const VERSIONED = [
  ...['tar', 'sha256sum', 'find', 'flock', 'bash', 'git', 'make'],
  ...['python', 'python3', 'pytest', 'node', 'npm', 'java', 'perl', 'php', 'ruby', 'go'],
]

/**
 * All that a preflight asks, in one go: \`tool NAME=path\`, \`can NAME=yes|no\` of what tools must be able to do (tried on nothing), then what
 * is at the places. Twenty questions, each by itself, would take twenty round trips.
 */
export const askPreflight = (parent: string, target: string, staging: string, tools: string[]): HostCommand =>
  look(
    'preflight',
    `parent=$1; target=$2; staging=$3; name=$4; shift 4
for tool in "$@"; do
  path=$(command -v "$tool"); echo "tool $tool=$path"
  [ -n "$path" ] || continue
  case "$tool" in ${VERSIONED.join('|')})
    echo "version $tool=$(timeout 20 "$tool" --version </dev/null 2>/dev/null | head -n 1)" ;;
  esac
done
can() { ability=$1; shift; if "$@" >/dev/null 2>&1 </dev/null; then echo "can $ability=yes"; else echo "can $ability=no"; fi; }
can find-printf find / -maxdepth 0 -printf %y
can sort-z sort -z
can xargs-0 xargs -0 -r true
can stat-c stat -c %d:%i /
can tar-extract sh -c 'tar --help | grep -q -e --no-same-owner && tar --help | grep -q -e --keep-old-files'
can mv-T sh -c 'mv --help | grep -q -e --no-target-directory'
can sha256sum-z sha256sum -z /dev/null
can timeout timeout 60 true
can flock flock --version
there() { if [ -L "$1" ]; then echo link; elif [ -d "$1" ]; then echo directory; elif [ -e "$1" ]; then echo other; else echo absent; fi; }
echo "parent=$([ -d "$parent" ] && echo directory || echo missing)"
echo "writable=$([ -w "$parent" ] && [ -x "$parent" ] && echo yes || echo no)"
echo "canonical=$(cd -P -- "$parent" 2>/dev/null && pwd -P)"
echo "owner=$(stat -c '%U:%G %a' -- "$parent" 2>/dev/null)"
echo "device=$(stat -c %d -- "$parent" 2>/dev/null)"
echo "freeKiB=$(df -P -k -- "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')"
echo "freeInodes=$(df -P -i -- "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')"
echo "target=$(there "$target")"
echo "staging=$(there "$staging")"
echo "stagingRun=$(cat "$staging/run" 2>/dev/null)"
above=$(dirname -- "$target")
echo "above=$(there "$above")"
echo "aboveDevice=$(stat -c %d -- "$above" 2>/dev/null)"
echo "alike=$(find "$above" -mindepth 1 -maxdepth 1 -iname "$name" ! -name "$name" -printf '%P ' 2>/dev/null)"
while [ "$above" != / ] && [ "$above" != . ]; do
  if [ -e "$above" ] && [ ! -d "$above" ]; then echo "blockedBy=$above"; fi
  if [ -d "$above/.git" ]; then echo "insideGit=$above"; fi
  above=$(dirname -- "$above")
done
exit 0`,
    parent,
    target,
    staging,
    target.slice(target.lastIndexOf('/') + 1).replace(/[[\]*?\\]/g, '\\$&'),
    ...tools,
  )

/**
 * D5's anchor: every byte, and beside it every kind, mode, owner, time and link; of a checkout its head and whether it is clean, without
 * taking its lock, running its hooks or refreshing its index.
 */
export const readAnchor = (path: string): HostCommand =>
  look(
    'anchor',
    `cd -- "$1" || exit ${NO_FOLDER}
echo "treeHash=$(find . -xdev -type f -print0 | sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-64)"
echo "shapeHash=$(find . -xdev -printf '%y %m %U %G %T@ %l %P\\0' | sort -z | sha256sum | cut -c1-64)"
echo "files=$(find . -xdev -type f -printf x | wc -c)"
echo "owner=$(stat -c '%U:%G %a' .)"
echo "modifiedAt=$(stat -c %Y .)"
[ -e .git ] || exit 0
quiet() { git --no-optional-locks -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@" 2>/dev/null; }
echo "gitHead=$(quiet rev-parse HEAD || echo unknown)"
if out=$(quiet status --porcelain); then echo "gitClean=$([ -z "$out" ] && echo yes || echo no)"; else echo gitClean=unknown; fi
exit 0`,
    path,
  )

/** Everything below a folder: kind, mode, link target and path, each ended by NUL. */
export const listPaths = (path: string): HostCommand =>
  look('paths', `cd -- "$1" && find . -mindepth 1 -printf '%y\\0%m\\0%l\\0%P\\0'`, path)

/** SHA-256 and path of every file below a folder. */
export const listSums = (path: string): HostCommand =>
  look('sums', 'cd -- "$1" && find . -type f -print0 | xargs -0 -r sha256sum -z --', path)

/** The parent's own entries, without those that the run itself makes. */
export const listFolder = (parent: string, ...ours: string[]): HostCommand =>
  look(
    'listing',
    `cd -- "$1" || exit ${NO_FOLDER}
shift
find . -mindepth 1 -maxdepth 1 \\( -type d -printf '%P\\td %m %U %G\\n' -o -printf '%P\\t%y %m %U %G %T@ %s %l\\n' \\) | sort |
  awk -F'\\t' 'BEGIN { for (i = 1; i < ARGC; i++) { skip[ARGV[i]] = 1; ARGV[i] = "" } } !($1 in skip)' "$@"`,
    parent,
    ...ours,
  )

/** What runs or will run by itself on a host. */
export const SYSTEM_PARTS = [
  'services',
  'running-services',
  'timers',
  'crontab',
  'containers',
  'listening-ports',
] as const
export type SystemPart = (typeof SYSTEM_PARTS)[number]

/** \`[part]\` and its lines, sorted; \`[part] not available\` where the host has no tool that tells, or it tells nothing to this user. */
export const readSystem = (): HostCommand =>
  look(
    'system',
    `part() {
  name=$1; shift
  if out=$("$@" 2>/dev/null); then echo "[$name]"; printf '%s\\n' "$out" | sort -u; else echo "[$name] not available"; fi
}
all=$(systemctl list-unit-files --type=service,timer --no-legend --no-pager --plain 2>/dev/null)
units() { [ -n "$all" ] && printf '%s\\n' "$all" | awk -v end="[.]$1$" '$1 ~ end { print $1, $2 }'; }
running() { out=$(systemctl list-units --type=service --state=running --no-legend --no-pager --plain) && printf '%s\\n' "$out" | awk '{ print $1 }'; }
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
part crontab cron
part containers containers
part listening-ports ports`,
  )

/** Where a promote stands, looked at under the lock that the promote takes: a dead client's command may still be at work. */
export const readPromoteState = (
  staging: string,
  target: string,
  run: string,
  pointer = '',
  release = '',
): HostCommand =>
  look(
    'promoted',
    `if [ -e "$1/lock" ]; then exec 9<"$1/lock"; flock -w 120 9 || exit 75; fi
mine=no; [ "$(cat "$1/run" 2>/dev/null)" = "$3" ] && mine=yes
manifest=no; grep -qxF "run: $3" "$2/DEPLOY-MANIFEST.txt" 2>/dev/null && manifest=yes
pointer=yes; [ -z "$4" ] || [ "$(readlink -- "$4")" = "$5" ] || pointer=no
claim=no; [ -n "$(cat "$1/claim" 2>/dev/null)" ] && [ "$(cat "$1/claim")" = "$(stat -c %d:%i -- "$2" 2>/dev/null)" ] && claim=yes
target=absent; if [ -L "$2" ] || [ -e "$2" ]; then target=there; fi
[ -d "$2" ] && [ -z "$(find "$2" -mindepth 1 -maxdepth 1 -print 2>/dev/null | head -n 1)" ] && target=empty
echo "staging=$([ -d "$1" ] && echo yes || echo no)"
echo "withdrawn=$([ -d "$1/withdrawn" ] && echo yes || echo no)"
[ -e "$1/expired" ] && echo expired=yes
echo "mine=$mine"; echo "manifest=$manifest"; echo "pointer=$pointer"; echo "claim=$claim"; echo "target=$target"`,
    staging,
    target,
    run,
    pointer,
    release,
  )

export const readFile = (path: string): HostCommand => look('file', 'cat -- "$1"', path)
export const readPointer = (path: string): HostCommand =>
  look('pointer', '[ -L "$1" ] && exec readlink -- "$1"; [ -e "$1" ] && exit 4; exit 0', path)

/** Links in a folder that lead to another one, each path ended by NUL. */
export const findLinksTo = (folder: string, target: string): HostCommand =>
  look(
    'links',
    `there=$(cd -P -- "$2" && pwd -P) || exit ${NO_FOLDER}
find "$1" -mindepth 1 -maxdepth 1 -type l -exec sh -c '
for link; do if [ "$(cd -P -- "$link" 2>/dev/null && pwd -P)" = "$0" ]; then printf "%s\\0" "$link"; fi; done' "$there" {} +`,
    folder,
    target,
  )
export const folderExists = (path: string): HostCommand => look('folder', '[ -d "$1" ]', path)

/** `key=value` lines as an object. */
export function parsePairs(text: string): { [key: string]: string } {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
