import type { Check, Checks } from './checks-file.ts'
import {
  judge,
  type PreflightAnswers,
  type PreflightCheck,
  type PreflightFinding,
  pickAnswers,
  warn,
} from './preflight-check.ts'

/** Programs that the scripts of a deploy call. */
const TOOLS = [
  'sh',
  'tar',
  'sha256sum',
  'find',
  'sort',
  'xargs',
  'stat',
  'mv',
  'df',
  'awk',
  'flock',
  'timeout',
  'readlink',
  'grep',
  'mkdir',
  'rm',
  'setsid',
]

/** Programs that are known to do nothing else when they are asked for their version. */
const VERSIONED = [
  'tar',
  'sha256sum',
  'find',
  'flock',
  'bash',
  'git',
  'make',
  'python',
  'python3',
  'pytest',
  'node',
  'npm',
  'java',
  'perl',
  'php',
  'ruby',
  'go',
]

type CheckCommand = Pick<Check, 'name' | 'run' | 'fallback'>

/** Everything that the checks file runs on the host. */
export function listCheckCommands({ checks, rehearsal, build, activate, health }: Checks): CheckCommand[] {
  const more = [
    ['build', build?.run],
    ['rehearsal', rehearsal?.run],
    ['rehearsal.refused', rehearsal?.refused],
    ['rehearsal.counts', rehearsal?.counts],
    ['activate', activate?.run],
    ['activate.inverse', activate?.inverse],
    ['health', health?.run],
  ] as const
  return [...checks, ...more.flatMap(([name, argv]) => (argv === undefined ? [] : [{ name, run: argv }]))]
}

/** All programs that the deploy needs on the host: its own tools, and those of the checks file. */
export function listPrograms(checks: Checks): string[] {
  const programs = listCheckCommands(checks).flatMap(({ run, fallback }) => [
    run[0]!,
    ...(fallback === undefined ? [] : [fallback.run[0]!]),
  ])
  return [...new Set([...TOOLS, ...programs])]
}

/** Where each program is, and its version where asking is safe: `tool NAME=path`, `version NAME=line`. */
export const tools: PreflightCheck = {
  ask: `for tool in "$@"; do
  path=$(command -v "$tool"); echo "tool $tool=$path"
  [ -n "$path" ] || continue
  case "$tool" in ${VERSIONED.join('|')})
    echo "version $tool=$(timeout 20 "$tool" --version </dev/null 2>/dev/null | head -n 1)" ;;
  esac
done`,
  find(answers, { checks }) {
    const paths = pickAnswers(answers, 'tool ')
    return [...listMissingTools(paths), ...listCheckPrograms(listCheckCommands(checks), paths)]
  },
}

function listMissingTools(paths: PreflightAnswers): PreflightFinding[] {
  const missing = TOOLS.filter((name) => paths[name] === '')
  if (missing.length === 0) return [{ check: 'tools', status: 'ok', message: TOOLS.join(', ') }]
  return missing.map((name) => ({ check: `tool ${name}`, status: 'fail', message: 'is not on the host' }))
}

/** Cutter installs nothing for a check. Where the host lacks its program, the fallback replaces it if there is one. */
function listCheckPrograms(commands: CheckCommand[], paths: PreflightAnswers): PreflightFinding[] {
  const canRun = ([program]: string[]) => program!.includes('/') || paths[program!] !== ''
  return commands.map(({ name, run, fallback }) => {
    const check = `check ${name}`
    if (canRun(run)) return { check, status: 'ok', message: `runs ${run[0]}` }
    if (fallback !== undefined && canRun(fallback.run))
      return warn(check, `${run[0]} is not on the host: its fallback ${fallback.run[0]} will run`)
    const neither = fallback === undefined ? '' : `, nor is its fallback ${fallback.run[0]}`
    return { check, status: 'fail', message: `${run[0]} is not on the host${neither}` }
  })
}

/** Whether the tools have the options that the scripts use: `can NAME=yes|no`. Each is tried on nothing. */
export const abilities: PreflightCheck = {
  ask: `can() { ability=$1; shift; if "$@" >/dev/null 2>&1 </dev/null; then echo "can $ability=yes"; else echo "can $ability=no"; fi; }
can find-printf find / -maxdepth 0 -printf %y
can sort-z sort -z
can xargs-0 xargs -0 -r true
can stat-c stat -c %d:%i /
can tar-extract sh -c 'tar --help | grep -q -e --no-same-owner && tar --help | grep -q -e --keep-old-files'
can mv-T sh -c 'mv --help | grep -q -e --no-target-directory'
can sha256sum-z sha256sum -z /dev/null
can timeout timeout 60 true
can flock flock --version`,
  find: (answers) =>
    Object.entries(pickAnswers(answers, 'can ')).map(([name, can]) =>
      judge(
        `ability ${name}`,
        can === 'yes',
        'works',
        'does not do what the deploy needs (GNU coreutils, findutils, tar and util-linux do)',
      ),
    ),
}
