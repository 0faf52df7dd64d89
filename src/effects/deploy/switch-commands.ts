import type { HostCommand } from './host-session.ts'
import type { ReleasePointer } from './paths.ts'
import { NAMES_RUN } from './read-commands.ts'
import { SHOWN_BYTES } from './run-detached.ts'
import { defineWrite, EXIT, OURS } from './write-commands.ts'

/**
 * The commands that put a release into its place, make it live, and take that back. The marks that they leave in staging say what
 * happened: `claim`, `watched`, `activating`, `confirmed` and `expired`.
 */

/** The way back to the earlier program: a command, the folder in which it runs, and the longest time for it. */
export interface WayBack {
  run: string[]
  folder: string
  timeoutSeconds: number
}

/** Where a release goes, and the link that leads to it. */
export interface SwitchPlace {
  target: string
  pointer: ReleasePointer | null
  /** Whether an earlier version is at the target, which moves to a backup. The scripts name it by target and run. */
  replaces?: boolean
}

const CLAIMED = `[ -n "$(cat claim 2>/dev/null)" ] && [ "$(cat claim)" = "$(stat -c %d:%i -- "$target" 2>/dev/null)" ]`

/** Names the arguments of `listPlace`, and leaves the remaining ones in "$@". */
const NAMED = `run=$2 target=$3 pointer=$4 from=$5 to=$6 above=$7; shift 7
`

const listPlace = (staging: string, run: string, { target, pointer }: SwitchPlace) => [
  staging,
  run,
  target,
  pointer?.path ?? '',
  pointer?.from ?? '',
  pointer?.to ?? '',
  pointer?.makesAbove === true ? 'yes' : 'no',
]

const listWayBack = (back: WayBack | null) => [
  back?.folder ?? '',
  String(back?.timeoutSeconds ?? 0),
  ...(back?.run ?? []),
]

const turn = (to: string) =>
  `rm -f pointer && ln -s -- "${to}" pointer && mv -T -- pointer "$pointer" || exit ${EXIT.notMoved}`

/**
 * Claims the target by mkdir, which fails if anything is there, and moves the staged tree over the empty claim in one rename. The script
 * recognises its claim by the inode. It moves no tree without a manifest, because the late command of a dead client may arrive while
 * another one extracts. No link leads to the target yet. A target that is replaced moves to its backup first.
 */
export const promote = (staging: string, run: string, place: SwitchPlace): HostCommand =>
  place.replaces === true ? replace(staging, run, place) : promoteToFree(staging, run, place)

/** One rename takes the earlier version out and another one puts the new tree there. In between nothing is at the target. */
const replace = (staging: string, run: string, place: SwitchPlace) =>
  defineWrite(
    'promote',
    `${OURS}${NAMED}[ ! -e expired ] || exit ${EXIT.expired}
[ -d tree ] || exit 0
names_run "$run" tree/DEPLOY-MANIFEST.txt || exit ${EXIT.notExtracted}
backup="$target-before-$run"
if [ ! -e "$backup" ]; then
  [ -d "$target" ] && [ ! -L "$target" ] || exit ${EXIT.notThere}
  mv -T -- "$target" "$backup" || exit ${EXIT.notMoved}
fi
[ ! -e "$target" ] && [ ! -L "$target" ] || exit ${EXIT.targetThere}
mv -T -- tree "$target" && names_run "$run" "$target/DEPLOY-MANIFEST.txt" || exit ${EXIT.notMoved}`,
    ...listPlace(staging, run, place),
  )

const promoteToFree = (staging: string, run: string, place: SwitchPlace) =>
  defineWrite(
    'promote',
    `${OURS}${NAMED}[ ! -e expired ] || exit ${EXIT.expired}
[ -d tree ] || exit 0
names_run "$run" tree/DEPLOY-MANIFEST.txt || exit ${EXIT.notExtracted}
if ! { ${CLAIMED}; }; then
  [ -z "$pointer" ] || mkdir -p -m 755 -- "$(dirname -- "$target")" || exit ${EXIT.notMoved}
  mkdir -m 755 -- "$target" || exit ${EXIT.targetThere}
  stat -c %d:%i -- "$target" >claim || exit ${EXIT.notMoved}
fi
# What a mv says is not believed: without -T it would have nested.
mv -T -- tree "$target" && names_run "$run" "$target/DEPLOY-MANIFEST.txt" || exit ${EXIT.notMoved}`,
    ...listPlace(staging, run, place),
  )

/**
 * Makes the target live: turns the pointer in one rename, if it still leads where the plan says. Where a confirmation is needed, it first
 * leaves a watch on the host that rolls back after `confirmSeconds` unless `confirm` came before.
 */
export const switchOver = (
  staging: string,
  run: string,
  place: SwitchPlace,
  confirmSeconds: number | null,
  back: WayBack | null,
): HostCommand =>
  defineWrite(
    'switch',
    `${OURS}[ ! -e expired ] || exit ${EXIT.expired}
names_run "$2" "$3/DEPLOY-MANIFEST.txt" || exit ${EXIT.notMoved}
if [ -n "$8" ] && [ ! -e watched ]; then
  setsid sh -c "$9" watch "$@" </dev/null >/dev/null 2>&1 9>&- &
  : >watched
fi
${NAMED}[ -n "$pointer" ] || exit 0
now=$(readlink -- "$pointer")
[ "$now" = "$to" ] && exit 0
[ "$now" = "$from" ] || exit ${EXIT.pointerMoved}
${turn('$to')}`,
    ...listPlace(staging, run, place),
    ...(confirmSeconds === null
      ? ['', '']
      : [String(confirmSeconds), place.replaces === true ? WATCH_REPLACED : WATCH]),
    ...listWayBack(back),
  )

/** Turns the pointer back, or removes it where there was none before. */
const POINTER_BACK = `if [ -n "$pointer" ] && [ "$(readlink -- "$pointer")" = "$to" ]; then
  if [ -n "$from" ]; then ${turn('$from')}
  else rm -f -- "$pointer" || exit ${EXIT.notMoved}; fi
fi
`

/** Runs the way back of an activation that began. It runs once, and again only if it failed. */
const INVERSE = `folder=$1 limit=$2; shift 2
if [ -e activating ] && [ $# -gt 0 ]; then
  rm -f inverse
  if ! (cd -- "$folder" && exec timeout -s KILL "$limit" "$@") >inverse 2>&1 </dev/null 9>&-; then
    tail -c 2000 inverse >&2
    exit ${EXIT.inverseFailed}
  fi
fi
rm -f activating inverse
`

/** Moves the target into staging in one rename, only if its manifest names this run, or it is this run's empty claim. */
const TREE_BACK = `if names_run "$run" "$target/DEPLOY-MANIFEST.txt"; then
  rm -rf withdrawn && mv -T -- "$target" withdrawn || exit ${EXIT.notMoved}
elif ${CLAIMED}; then
  rmdir -- "$target" || exit ${EXIT.notMoved}
fi
[ "$above" != yes ] || rmdir -- "$(dirname -- "$target")" 2>/dev/null || true
`

/** Moves the target into staging as above, and then the earlier version from its backup to the target. */
const EARLIER_BACK = `if names_run "$run" "$target/DEPLOY-MANIFEST.txt"; then
  rm -rf withdrawn && mv -T -- "$target" withdrawn || exit ${EXIT.notMoved}
fi
if [ -d "$target-before-$run" ]; then
  [ ! -e "$target" ] && [ ! -L "$target" ] && mv -T -- "$target-before-$run" "$target" || exit ${EXIT.notMoved}
fi
`

/**
 * The watch that stays on the host where a confirmation is needed. It waits, and then rolls back by itself unless `confirm` came before.
 * Both take the same lock, so that one of them is first. It stays in the staging folder in which it began, so that it does nothing once that
 * is removed, also where a rollback makes another one at its path. The mark `expired` keeps the run from promoting again. The withdrawn tree stays in
 * staging, because only the run knows what came besides.
 */
const watch = (back: string) => `sleep "$8"
[ "$(cat run 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
exec 9>>lock; flock 9
${NAMES_RUN}[ ! -e confirmed ] || exit 0
: >expired
${NAMED}shift 2
${back}rm -rf -- tree artifact.tar claim`

/** The program of an earlier version starts again where it was, so that its tree comes first. */
const WATCH = watch(`${POINTER_BACK}${INVERSE}${TREE_BACK}`)
const WATCH_REPLACED = watch(`${EARLIER_BACK}${INVERSE}`)

/** Confirms, over a new connection, that the host can still be reached. It fails when the host rolled back already. */
export const confirm = (staging: string, run: string): HostCommand =>
  defineWrite('confirm', `${OURS}[ ! -e expired ] || exit ${EXIT.expired}\n: >confirmed`, staging, run)

/**
 * Makes the earlier release live again: first the pointer, then the program, at once. The tree stays in its place, except where it replaced
 * the earlier version, which then comes back first.
 */
export const switchBack = (
  staging: string,
  run: string,
  place: SwitchPlace,
  back: WayBack | null,
): HostCommand =>
  defineWrite(
    'switch-back',
    `${OURS}${NAMED}${place.replaces === true ? EARLIER_BACK : POINTER_BACK}${INVERSE}`,
    ...listPlace(staging, run, place),
    ...listWayBack(back),
  )

/** Undoes a promote of this run: first the pointer, then the target. `discard` then removes it with the staging folder. */
export const withdrawTarget = (staging: string, run: string, place: SwitchPlace): HostCommand =>
  defineWrite(
    'withdraw',
    `${OURS}${NAMED}${place.replaces === true ? EARLIER_BACK : `${POINTER_BACK}${TREE_BACK}`}`,
    ...listPlace(staging, run, place),
  )

/**
 * Runs a command in the target for at most a number of seconds, for `runDetached`. It prints the exit code on the first line of stdout, or
 * `overdue`, and then what the command printed; of a long output the beginning and the end, with `cut` on the first line. A process that the command leaves in the
 * background holds neither a lock nor the connection.
 */
const RUN = `target=$3 limit=$4; shift 4
out=$PWD/out.$$ err=$PWD/err.$$ began=$(date +%s)
long() { [ "$(stat -c %s -- "$1")" -gt ${2 * SHOWN_BYTES} ]; }
show() { if long "$1"; then head -c ${SHOWN_BYTES} -- "$1"; echo; tail -c ${SHOWN_BYTES} -- "$1"; else cat -- "$1"; fi; }
(cd -- "$target" && exec timeout -s KILL "$limit" "$@") >"$out" 2>"$err" </dev/null 9>&-
code=$?; full=\${limit%.*}
[ $code = 137 ] && [ $(($(date +%s) - began)) -ge "\${full:-0}" ] && code=overdue
if long "$out" || long "$err"; then echo "$code cut"; else echo "$code"; fi
show "$out"; show "$err" >&2
rm -f -- "$out" "$err"`

/** A command of the checks file in the target. */
interface CommandInTarget {
  target: string
  argv: string[]
  timeoutSeconds: number
}

const listCommand = ({ target, argv, timeoutSeconds }: CommandInTarget) => [
  target,
  String(timeoutSeconds),
  ...argv,
]

/**
 * Runs a command of the checks file in the target. It counts as a write, because Cutter can't know what it does. It holds no lock while it runs,
 * because it may take long.
 */
export const runInTarget = (id: string, staging: string, run: string, command: CommandInTarget) =>
  defineWrite(id, `${OURS}exec 9>&-\n${RUN}`, staging, run, ...listCommand(command))

/**
 * Activates the program in the target, under the lock of staging. The mark says that the way back must run the inverse, whatever
 * becomes of this command.
 */
export const activate = (staging: string, run: string, command: CommandInTarget): HostCommand =>
  defineWrite(
    'activate',
    `${OURS}[ ! -e expired ] || exit ${EXIT.expired}\n: >activating\n${RUN}`,
    staging,
    run,
    ...listCommand(command),
  )
