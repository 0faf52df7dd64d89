import { EXIT_FENCED, type HostCommand, type StagedFile } from './host-session.ts'
import { NAMES_RUN } from './read-commands.ts'

/**
 * Defines a command that writes on a host. Each is one script, so that a lost connection can't leave half of it undone. Each holds the
 * lock of its staging folder while it works, and refuses the staging folder of another run. The scripts are part of the plan, so that
 * a change to one of them changes the digest of every plan.
 *
 * The staging folder keeps the highest token of the run that works in it, as `<run>:<number>`. A script with a lower one does nothing.
 */
export const defineWrite = (id: string, script: string, ...args: string[]): HostCommand => ({
  id,
  kind: 'write',
  argv: ['sh', '-c', script, id, ...args],
  ...(script.includes('CUTTER_TOKEN') ? { fenced: true } : {}),
})

/** Exit codes of these scripts, for the cases that the caller must distinguish. */
export const EXIT = {
  notOurs: 17,
  notMade: 18,
  notExtracted: 66,
  targetThere: 73,
  notMoved: 74,
  busy: 75,
  pointerMoved: 76,
  remains: 77,
  expired: 78,
  inverseFailed: 79,
  unseen: 81,
  notThere: 82,
}

/** Refuses a lower token of the same run. */
const NOT_LOWER = `held=$(cat token 2>/dev/null)
[ "\${held%:*}" != "\${CUTTER_TOKEN%:*}" ] || [ "\${held##*:}" -le "\${CUTTER_TOKEN##*:}" ] || exit ${EXIT_FENCED}
`
/** Refuses another run's token as well. Only `stage` takes a folder over, for the rollback of the deploy that made it. */
const SAME_RUN = `[ -z "$held" ] || [ "\${held%:*}" = "\${CUTTER_TOKEN%:*}" ] || exit ${EXIT_FENCED}
`
/** A token that is kept already is not written, so that a full disk can be cleared. */
const KEEP = `[ "$held" = "$CUTTER_TOKEN" ] || { printf '%s\\n' "$CUTTER_TOKEN" >token.new && mv -f token.new token; } || exit ${EXIT.notMade}
`
const LOCKED = `exec 9>>lock; flock -w 120 9 || exit ${EXIT.busy}
`

/** Enters the staging folder of this run and takes its lock, for a process whose token is not lower than the one that the folder keeps. */
export const OURS = `cd -- "$1" && [ "$(cat run 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
${LOCKED}${NOT_LOWER}${SAME_RUN}${KEEP}${NAMES_RUN}`

/**
 * Enters the time of waiting for others that make or remove this staging folder. Where a file system locks no folders, nobody waits; then
 * only a command that stops exactly between its check and its mkdir could be late.
 */
const ALONE = `above=\${1%/*}
[ -r "$above" ] && exec 8<"$above" && flock -w 120 8 2>/dev/null
`

/**
 * Makes a staging folder that only this user can enter and that names its run, or uses this run's own from an earlier try. `deployed`: the
 * target of a run that is taken back. A run whose target names it and whose staging folder is gone had come to its end. Its program is
 * active then, so that a new staging folder gets the marks `ended` and `activating`.
 *
 * The token goes with the folder, so that a missing folder can't refuse a late command. Each folder that is made or removed changes the time of
 * the folder above, though. So the script makes one only if that time is still `CUTTER_SEEN`, and otherwise prints it (exit code 81). See
 * `makeStaging`.
 */
export const stage = (staging: string, run: string, deployed = ''): HostCommand =>
  defineWrite(
    'stage',
    `umask 077
${NAMES_RUN}if [ ! -e "$1" ]; then
  ${ALONE}fi
if [ ! -e "$1" ]; then
  now=$(stat -Lc %z -- "$above")
  [ "$CUTTER_SEEN" = "$now" ] || [ "$CUTTER_SEEN" = any ] || { echo "$now"; echo "the entries of $above change all the time" >&2; exit ${EXIT.unseen}; }
  mkdir -- "$1" || exit ${EXIT.notMade}
  if [ -n "$3" ] && names_run "$2" "$3/DEPLOY-MANIFEST.txt"; then
    { : >"$1/ended" && : >"$1/activating"; } || { rm -rf -- "$1"; exit ${EXIT.notMade}; }
  fi
  printf '%s\\n' "$2" >"$1/run" || { rm -rf -- "$1"; exit ${EXIT.notMade}; }
fi
[ "$(cat "$1/run" 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
cd -- "$1" || exit ${EXIT.notOurs}
${LOCKED}${NOT_LOWER}${KEEP}`,
    staging,
    run,
    deployed,
  )

/** A file in the staging folder. It grows in the folder itself, also where its place is below that. `name`: its path from there. */
export const stagedFile = (staging: string, run: string, name: string): StagedFile => ({
  path: `${staging}/${name}`,
  guard: { lines: `CUTTER_TOKEN=$3\n${OURS}`, args: [staging, run], folder: staging },
})

/** Extracts the tar into an empty folder of its own, while its hash is computed for the comparison that follows. It never writes through an existing file. */
export const extract = (staging: string, run: string): HostCommand =>
  defineWrite(
    'extract',
    `${OURS}umask 022
rm -rf tree && mkdir tree || exit ${EXIT.notExtracted}
tar -xpf artifact.tar --no-same-owner --keep-old-files -C tree || exit ${EXIT.notExtracted}
chmod 755 tree`,
    staging,
    run,
  )

/**
 * Removes the files and folders of a withdrawn tree that two lists in staging name, each path ended by NUL. What stays moves to `keep` in
 * one rename.
 */
export const removeListed = (staging: string, run: string, keep: string): HostCommand =>
  defineWrite(
    'remove-listed',
    `${OURS}[ -d withdrawn ] || exit 0
cd withdrawn || exit ${EXIT.notMoved}
xargs -0 -r rm -f -- <../files || exit ${EXIT.remains}
xargs -0 -r rmdir -- <../folders 2>/dev/null
cd .. && rmdir withdrawn 2>/dev/null && exit 0
mkdir -p -m 755 -- "$(dirname -- "$3")" && [ ! -e "$3" ] && mv -T -- withdrawn "$3" || exit ${EXIT.remains}`,
    staging,
    run,
    keep,
  )

/**
 * Removes the staging folder with everything in it. A missing one counts as removed. It is made and removed then, so that a `stage` that was
 * sent before and arrives later finds another time of the folder above.
 */
export const discard = (staging: string, run: string): HostCommand =>
  defineWrite(
    'discard',
    `if [ ! -e "$1" ]; then
  ${ALONE}[ -e "$1" ] || { mkdir -- "$1" && rmdir -- "$1"; } 2>/dev/null
  exit 0
fi
cd -- "$1" && [ "$(cat run 2>/dev/null)" = "$2" ] || exit ${EXIT.notOurs}
${LOCKED}${NOT_LOWER}${SAME_RUN}rm -rf -- tree withdrawn old artifact.tar pointer claim confirmed expired watched activating ended outside && cd / && rm -rf -- "$1"`,
    staging,
    run,
  )

/**
 * Makes a tree of one file and a manifest, with which promote and rollback are rehearsed. `replaces`: also a target that the rehearsal
 * replaces.
 */
export const rehearsalTree = (staging: string, run: string, replaces = false): HostCommand =>
  defineWrite(
    'rehearsal-tree',
    `${OURS}rm -rf tree && mkdir tree && printf '# run: %s\\n' "$2" >tree/DEPLOY-MANIFEST.txt && : >tree/file${replaces ? ' && mkdir -p target && : >target/earlier' : ''}`,
    staging,
    run,
  )

/** The staging folder of a run, whose token a command must not be below. */
export interface Staged {
  staging: string
  run: string
}

/**
 * Defines a command that writes in the target, in the name of a staging folder. Null: that of a plan of v1, which removed its staging folder
 * before. The script finds only its own arguments.
 */
export const defineInTarget = (staged: Staged | null, id: string, script: string, ...args: string[]) =>
  staged === null
    ? defineWrite(id, script, ...args)
    : defineWrite(id, `${OURS}shift 2\n${script}`, staged.staging, staged.run, ...args)

/** Makes folders (mode 700) and files (mode 600) for the program's own use. Existing ones stay as they are. */
export const skeleton = (
  staged: Staged | null,
  target: string,
  folders: string[],
  files: { [name: string]: string },
): HostCommand =>
  defineInTarget(
    staged,
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
  defineWrite(id, 'cd -- "$1" && shift && exec "$@"', folder, ...argv)
