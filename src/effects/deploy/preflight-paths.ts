import { posix } from 'node:path'
import {
  judge,
  type PreflightAnswers,
  type PreflightCheck,
  type PreflightFinding,
  pickAnswers,
  warn,
} from './preflight-check.ts'
import { listCheckCommands } from './preflight-tools.ts'

/** The folder into which everything goes. */
export const parent: PreflightCheck = {
  ask: `echo "parent=$([ -d "$parent" ] && echo directory || echo missing)"
echo "writable=$([ -w "$parent" ] && [ -x "$parent" ] && echo yes || echo no)"
echo "owner=$(stat -c '%U:%G %a' -- "$parent" 2>/dev/null)"`,
  find(answers, { place: { parent } }) {
    const found = judge(
      'parent',
      answers.parent === 'directory',
      `${parent} (${answers.owner})`,
      `${parent} is missing or not a folder`,
    )
    if (answers.parent !== 'directory') return [found]
    const fault = `${parent} can't be written to by the user of this connection`
    return [found, judge('parent writable', answers.writable === 'yes', 'yes', fault)]
  },
}

/** Nothing may be at the target, except where an earlier deploy is replaced. */
export const target: PreflightCheck = {
  ask: `echo "target=$(there "$target")"
echo "deployed=$([ -f "$target/DEPLOY-MANIFEST.txt" ] && echo yes || echo no)"
echo "targetDevice=$(stat -c %d -- "$target" 2>/dev/null)"
echo "parentDevice=$(stat -c %d -- "$parent" 2>/dev/null)"`,
  find: (answers, { place: { target, strategy } }) => [
    strategy === 'replace'
      ? findReplaceable(answers, target)
      : judge(
          'target',
          answers.target === 'absent',
          `${target} is free`,
          `there is a ${answers.target} at ${target} already, and nothing is ever overwritten`,
        ),
  ],
}

/** Only a folder that an earlier deploy made is replaced: a first deploy has nothing to go back to. */
function findReplaceable(answers: PreflightAnswers, target: string): PreflightFinding {
  const fault =
    answers.target === 'absent'
      ? `there is nothing at ${target} to replace: the first deploy is --strategy side-by-side`
      : answers.target !== 'directory'
        ? `there is a ${answers.target} at ${target}, not a folder that could be replaced`
        : answers.deployed !== 'yes'
          ? `${target} has no DEPLOY-MANIFEST.txt, so that no deploy made it; use --strategy side-by-side with another path`
          : `${target} is a filesystem of its own, so that no rename can replace it`
  const holds =
    answers.target === 'directory' &&
    answers.deployed === 'yes' &&
    answers.targetDevice === answers.parentDevice
  return judge('target', holds, `${target} is replaced, and its present version moves to a backup`, fault)
}

/** Staging is free, or this run's own. */
export const staging: PreflightCheck = {
  ask: `echo "staging=$(there "$staging")"
echo "stagingRun=$(cat "$staging/run" 2>/dev/null)"`,
  find(answers, { place: { staging }, runId }) {
    if (answers.staging === 'absent') return [judge('staging', true, `${staging} is free`, '')]
    const { stagingRun = '' } = answers
    const owner =
      stagingRun === ''
        ? ''
        : `, of run ${stagingRun}, which may be working there; if it was abandoned: cutter run rollback ${stagingRun} --mode live, and where its home is lost also --host … --staging ${staging}`
    return [
      judge(
        'staging',
        stagingRun === runId,
        'this run’s own, from an earlier try',
        `there is a ${answers.staging} at ${staging}${owner}`,
      ),
    ]
  },
}

/** Everything above the target is a folder. */
export const path: PreflightCheck = {
  ask: `blocks() { if [ -e "$1" ] && [ ! -d "$1" ]; then echo "blockedBy=$1"; fi; }
each_above blocks`,
  find: ({ blockedBy }) => [
    judge('path', blockedBy === undefined, 'every path above is a folder', `${blockedBy} is not a folder`),
  ],
}

/** Where the parent really is, links followed. */
export const parentLink: PreflightCheck = {
  ask: `echo "canonical=$(cd -P -- "$parent" 2>/dev/null && pwd -P)"`,
  find: ({ canonical = '' }, { place: { parent } }) =>
    canonical === '' || canonical === parent
      ? []
      : [warn('parent link', `${parent} leads to ${canonical} through a link`)],
}

/** Whether the target would lie inside a git checkout. */
export const repository: PreflightCheck = {
  ask: `checkout() { if [ -d "$1/.git" ]; then echo "insideGit=$1"; fi; }
each_above checkout`,
  find: ({ insideGit }) =>
    insideGit === undefined
      ? []
      : [warn('repository', `the target would lie inside the git checkout ${insideGit}`)],
}

/** One rename moves the tree from staging to the target, so that both must lie on one filesystem. */
export const filesystem: PreflightCheck = {
  ask: `echo "device=$(stat -c %d -- "$parent" 2>/dev/null)"
above=\${target%/*}; above=\${above:-/}
echo "above=$(there "$above")"
echo "aboveDevice=$(stat -c %d -- "$above" 2>/dev/null)"`,
  find(answers, { place: { strategy, parent, target } }) {
    if (strategy !== 'release' || answers.above !== 'directory')
      return [judge('filesystem', true, 'target and staging share one', '')]
    const fault = `${posix.dirname(target)} is on another filesystem than ${parent}: one rename can't get there`
    return [
      judge('filesystem', answers.aboveDevice === answers.device, 'releases and staging share one', fault),
    ]
  },
}

/** How the file system of the parent is mounted. Where it is `noexec`, the kernel starts no program of the release. */
export const mount: PreflightCheck = {
  ask: `echo "mount=$(findmnt -n -o OPTIONS -T "$parent" 2>/dev/null | head -n 1)"`,
  find({ mount = '' }, { place: { parent }, checks }) {
    if (!mount.split(',').includes('noexec')) return []
    const own = listCheckCommands(checks).filter(({ run: [program] }) => /^[^/].*\//.test(program!))
    const why = `${parent} is mounted noexec`
    return own.length === 0
      ? [warn('noexec', `${why}: programs of the release run by an interpreter alone, such as sh`)]
      : own.map(({ name, run: [program] }) => ({
          check: 'noexec',
          status: 'fail',
          message: `${why}, so ${program} of ${name} can't be started: run it by its interpreter, such as sh`,
        }))
  },
}

/**
 * Free space for the tar and for the tree extracted from it, of which each entry takes at least a block. Some filesystems count no inodes
 * and answer `-`.
 */
export const space: PreflightCheck = {
  ask: `echo "freeKiB=$(df -P -k -- "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')"
echo "blockBytes=$(stat -f -c %S -- "$parent" 2>/dev/null)"
echo "freeInodes=$(df -P -i -- "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')"`,
  find({ parent, freeKiB = '', blockBytes = '', freeInodes = '' }, { artifact }) {
    if (parent !== 'directory') return []
    const entries = artifact.entries ?? artifact.files
    const block = Number(blockBytes) || 4096
    const needKiB = Math.ceil((artifact.bytes * 2 + entries * block) / 1024) + 64
    const kiB = `${freeKiB || 'unknown'} KiB free, ${needKiB} needed for ${entries} entries in blocks of ${block} bytes`
    return [judge('space', Number(freeKiB) >= needKiB, kiB, kiB), findInodes(freeInodes, entries + 32)]
  },
}

function findInodes(free: string, needed: number): PreflightFinding {
  const counted = /^\d+$/.test(free) && free !== '0'
  if (!counted) return { check: 'inodes', status: 'ok', message: 'the filesystem doesn’t count them' }
  const inodes = `${free} free, ${needed} needed`
  return judge('inodes', Number(free) >= needed, inodes, inodes)
}

/** Names next to the target that differ from it only in case. */
export const names: PreflightCheck = {
  ask: `above=\${target%/*}; above=\${above:-/}
echo "alike=$(find "$above" -mindepth 1 -maxdepth 1 -iname "$name" ! -name "$name" -printf '%P ' 2>/dev/null)"`,
  find({ alike = '' }) {
    const other = alike.trim()
    return other === '' ? [] : [warn('names', `${other} differs from the target only in case`)]
  },
}

/**
 * Names that hold the target's, next to it, below each folder above it and in the folder for temporary files: an earlier copy or a half
 * deploy of somebody else. They may stay, so that each is a warning. What this run knows of is no conflict.
 */
export const conflicts: PreflightCheck = {
  ask: `alike() { find "$1" -mindepth 1 -maxdepth 1 -iname "*$name*" ! -path "$target" ! -path "$staging" -printf "$2=%p\\n" 2>/dev/null | head -n 20; }
alike_above() { alike "$1" "conflict above"; }
n=0; each_above alike_above | while IFS= read -r line; do n=$((n + 1)); echo "conflict $n=\${line#*=}"; done
n=0; alike "\${TMPDIR:-/tmp}" temp | while IFS= read -r line; do n=$((n + 1)); echo "temp $n=\${line#*=}"; done`,
  find(answers, { place: { target, previous } }) {
    const isOwn = (path: string) =>
      `${target}/`.startsWith(`${path}/`) ||
      previous.some((one) => one === path || one.startsWith(`${path}/`))
    const found = Object.values(pickAnswers(answers, 'conflict ')).filter((path) => !isOwn(path))
    const temporary = Object.values(pickAnswers(answers, 'temp ')).filter((path) => !isOwn(path))
    return [
      ...(found.length === 0
        ? []
        : [warn('conflicts', `names like the target’s are there already: ${found.join(', ')}`)]),
      ...(temporary.length === 0
        ? []
        : [warn(TEMPORARY, `names like the target’s are there: ${temporary.join(', ')}`)]),
    ]
  },
}

/** Temporary files come and go, so that this warning is no part of a plan. */
export const TEMPORARY = 'conflicts in the temporary folder'
