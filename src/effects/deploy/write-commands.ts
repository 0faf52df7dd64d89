import type { HostCommand } from './host-session.ts'
import type { ReleasePointer } from './paths.ts'

/**
 * Defines a command that writes on a host. Each is one script, so that a lost connection can't leave half of it undone. Each holds the
 * lock of its staging folder while it works, and refuses the staging folder of another run. The scripts are part of the plan, so that
 * a change to one of them changes the digest of every plan.
 */
const write = (id: string, script: string, ...args: string[]): HostCommand => ({
  id,
  kind: 'write',
  argv: ['sh', '-c', script, id, ...args],
})

/** Exit codes of these scripts, for the cases that the caller must distinguish. */
export const EXIT = {
  notOurs: 17,
  notMade: 18,
  hashDiffers: 65,
  notExtracted: 66,
  targetThere: 73,
  notMoved: 74,
  busy: 75,
  pointerMoved: 76,
  remains: 77,
  expired: 78,
}

/** Enters the staging folder of this run and takes its lock. */
const OURS = `cd -- "$1" && [ "$(cat run 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
exec 9>>lock; flock -w 120 9 || exit ${EXIT.busy}
`

/** Makes a staging folder that only this user can enter and that names its run, or uses this run's own from an earlier try. */
export const stage = (staging: string, run: string): HostCommand =>
  write(
    'stage',
    `umask 077
if [ ! -e "$1" ]; then
  mkdir -- "$1" || exit ${EXIT.notMade}
  printf '%s\\n' "$2" >"$1/run" || { rm -rf -- "$1"; exit ${EXIT.notMade}; }
fi
[ "$(cat "$1/run" 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
: >>"$1/lock"`,
    staging,
    run,
  )

/** Compares the hash of the tar, and then extracts it into an empty folder of its own. It never writes through an existing file. */
export const extract = (staging: string, run: string, sha256: string): HostCommand =>
  write(
    'extract',
    `${OURS}printf '%s  artifact.tar\\n' "$3" | sha256sum -c --status - || exit ${EXIT.hashDiffers}
umask 022
rm -rf tree && mkdir tree || exit ${EXIT.notExtracted}
tar -xpf artifact.tar --no-same-owner --keep-old-files -C tree || exit ${EXIT.notExtracted}
chmod 755 tree`,
    staging,
    run,
    sha256,
  )

/**
 * Claims the target by mkdir, which fails if anything is there, and moves the staged tree over the empty claim in one rename. The script
 * recognises its claim by the inode. It moves no tree without a manifest, because the late command of a dead client may arrive while
 * another one extracts. A pointer is then switched in one rename too, if it still points where the plan says.
 * `confirmSeconds`: leaves a watch on the host that rolls back after that time unless `confirm` came before.
 */
export const promote = (
  staging: string,
  run: string,
  target: string,
  pointer: ReleasePointer | null,
  confirmSeconds: number | null,
): HostCommand =>
  write(
    'promote',
    `${OURS}[ ! -e expired ] || exit ${EXIT.expired}
if [ -d tree ]; then
  grep -qxF "run: $2" tree/DEPLOY-MANIFEST.txt || exit ${EXIT.notExtracted}
  claim=$(cat claim 2>/dev/null)
  if [ -z "$claim" ] || [ "$claim" != "$(stat -c %d:%i -- "$3" 2>/dev/null)" ]; then
    [ -z "$4" ] || mkdir -p -m 755 -- "$(dirname -- "$3")" || exit ${EXIT.notMoved}
    mkdir -m 755 -- "$3" || exit ${EXIT.targetThere}
    stat -c %d:%i -- "$3" >claim || exit ${EXIT.notMoved}
  fi
  if [ $# -gt 7 ]; then setsid sh -c "$9" watch "$@" </dev/null >/dev/null 2>&1 9>&- & fi
  # What a mv says is not believed: without -T it would have nested.
  mv -T -- tree "$3" && grep -qxF "run: $2" "$3/DEPLOY-MANIFEST.txt" || exit ${EXIT.notMoved}
fi
[ -n "$4" ] || exit 0
now=$(readlink -- "$4")
[ "$now" = "$6" ] && exit 0
[ "$now" = "$5" ] || exit ${EXIT.pointerMoved}
rm -f pointer && ln -s -- "$6" pointer && mv -T -- pointer "$4" || exit ${EXIT.notMoved}`,
    ...listArguments(staging, run, target, pointer),
    ...(confirmSeconds === null ? [] : [String(confirmSeconds), WATCH]),
  )

const listArguments = (staging: string, run: string, target: string, pointer: ReleasePointer | null) => [
  staging,
  run,
  target,
  pointer?.path ?? '',
  pointer?.from ?? '',
  pointer?.to ?? '',
  pointer?.makesAbove === true ? 'yes' : 'no',
]

const BACK = `if [ -n "$4" ] && [ "$(readlink -- "$4")" = "$6" ]; then
  if [ -n "$5" ]; then rm -f pointer && ln -s -- "$5" pointer && mv -T -- pointer "$4" || exit ${EXIT.notMoved}
  else rm -f -- "$4" || exit ${EXIT.notMoved}; fi
fi
if grep -qxF "run: $2" "$3/DEPLOY-MANIFEST.txt" 2>/dev/null; then
  rm -rf withdrawn && mv -T -- "$3" withdrawn || exit ${EXIT.notMoved}
elif [ -n "$(cat claim 2>/dev/null)" ] && [ "$(cat claim)" = "$(stat -c %d:%i -- "$3" 2>/dev/null)" ]; then
  rmdir -- "$3" || exit ${EXIT.notMoved}
fi
[ "$7" != yes ] || rmdir -- "$(dirname -- "$3")" 2>/dev/null || true`

/**
 * The watch that stays on the host where a confirmation is needed. It waits, and then rolls back by itself unless `confirm` came before.
 * Both take the same lock, so that one of them is first. The mark `expired` keeps the run from promoting again.
 */
const WATCH = `sleep "$8"
${OURS}[ ! -e confirmed ] || exit 0
: >expired
${BACK}
rm -rf -- withdrawn tree artifact.tar claim`

/** Confirms, over a new connection, that the host can still be reached. It fails when the host rolled back already. */
export const confirm = (staging: string, run: string): HostCommand =>
  write('confirm', `${OURS}[ ! -e expired ] || exit ${EXIT.expired}\n: >confirmed`, staging, run)

/**
 * Undoes a promote of this run: first the pointer, then the target, which moves into staging in one rename. The target moves only if its
 * manifest names this run, or it is this run's empty claim. `discard` then removes it with the staging folder.
 */
export const withdrawTarget = (
  staging: string,
  run: string,
  target: string,
  pointer: ReleasePointer | null,
): HostCommand => write('withdraw', `${OURS}${BACK}`, ...listArguments(staging, run, target, pointer))

/** Moves a withdrawn tree to its place again, when it differs from the plan's list. It fails once the removal began. */
export const restoreWithdrawn = (
  staging: string,
  run: string,
  target: string,
  pointer: ReleasePointer | null,
): HostCommand =>
  write(
    'put-back',
    `${OURS}[ ! -e removing ] || exit ${EXIT.remains}
[ -d withdrawn ] || exit 0
[ "$7" != yes ] || mkdir -p -m 755 -- "$(dirname -- "$3")" || exit ${EXIT.notMoved}
mkdir -m 755 -- "$3" || exit ${EXIT.targetThere}
mv -T -- withdrawn "$3" || exit ${EXIT.notMoved}
[ -n "$4" ] && [ "$(readlink -- "$4")" = "$5" ] || exit 0
[ -L "$4" ] || [ ! -e "$4" ] || exit ${EXIT.pointerMoved}
rm -f pointer && ln -s -- "$6" pointer && mv -T -- pointer "$4" || exit ${EXIT.notMoved}`,
    ...listArguments(staging, run, target, pointer),
  )

/** Removes exactly the files and folders of a withdrawn tree that two lists in staging name, each path ended by NUL. */
export const removeListed = (staging: string, run: string): HostCommand =>
  write(
    'remove-listed',
    `${OURS}[ -d withdrawn ] || exit 0
: >removing && cd withdrawn || exit ${EXIT.notMoved}
xargs -0 -r rm -f -- <../files
xargs -0 -r rmdir -- <../folders 2>/dev/null
cd .. && rmdir withdrawn || exit ${EXIT.remains}`,
    staging,
    run,
  )

/** Removes the staging folder with everything in it. A missing one counts as removed. */
export const discard = (staging: string, run: string): HostCommand =>
  write(
    'discard',
    `[ -e "$1" ] || exit 0
cd -- "$1" && [ "$(cat run 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
exec 9>>lock; flock -w 120 9 || exit ${EXIT.busy}
rm -rf -- tree withdrawn artifact.tar pointer claim confirmed expired && cd / && rm -rf -- "$1"`,
    staging,
    run,
  )

/** Makes a tree of one file and a manifest, with which promote and rollback are rehearsed. */
export const rehearsalTree = (staging: string, run: string): HostCommand =>
  write(
    'rehearsal-tree',
    `${OURS}rm -rf tree && mkdir tree && printf 'run: %s\\n' "$2" >tree/DEPLOY-MANIFEST.txt && : >tree/file`,
    staging,
    run,
  )

/** Makes folders (mode 700) and files (mode 600) for the program's own use. Existing ones stay as they are. */
export const skeleton = (target: string, folders: string[], files: { [name: string]: string }): HostCommand =>
  write(
    'skeleton',
    `cd -- "$1" || exit 3
shift
umask 077
n=$1; shift
while [ "$n" -gt 0 ]; do [ -d "$1" ] || mkdir -- "$1" || exit 4; shift; n=$((n - 1)); done
while [ $# -gt 1 ]; do [ -e "$1" ] || printf '%s' "$2" >"$1" || exit 5; shift 2; done`,
    target,
    String(folders.length),
    ...folders,
    ...Object.entries(files).flat(),
  )

/** Runs a command of the checks file in the deployed folder. It counts as a write, because Cutter can't know what it does. */
export const inFolder = (id: string, folder: string, argv: string[]): HostCommand =>
  write(id, 'cd -- "$1" && shift && exec "$@"', folder, ...argv)
