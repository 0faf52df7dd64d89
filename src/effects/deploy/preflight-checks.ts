import { posix } from 'node:path'
import type { Check, Checks } from './checks-file.ts'
import type { HostSession } from './host-session.ts'
import type { HostFacts } from './host-survey.ts'
import type { DeployPaths } from './paths.ts'
import * as look from './read-commands.ts'

/** One thing that was looked at before the plan; `fail` blocks it. */
export interface PreflightFinding {
  check: string
  status: 'ok' | 'warn' | 'fail'
  message: string
}

export interface PreflightResult {
  findings: PreflightFinding[]
  /** What is at the folder above the target: of a release `releases`, which may have to be made. */
  above: string
  /** Where the parent really is, links followed. */
  canonical: string
  /** Of the tools that later gates need, as each says it. */
  versions: string[]
}

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
const CLOCK_SECONDS = 60

/** Looks at everything that later gates rely on and says all of it, not only the first fault. */
export async function runPreflight(
  hand: HostSession,
  given: {
    place: DeployPaths
    facts: HostFacts
    artifact: { bytes: number; files: number }
    checks: Checks
    runId: string
  },
): Promise<PreflightResult> {
  const { place, facts, artifact, runId } = given
  const runs = runsOf(given.checks)
  const programs = runs.flatMap(({ run, fallback }) => [
    run[0]!,
    ...(fallback === undefined ? [] : [fallback.run[0]!]),
  ])
  const asked = look.askPreflight(place.parent, place.target, place.staging, [
    ...new Set([...TOOLS, ...programs]),
  ])
  const there = look.parsePairs(await hand.text(asked))
  const [tools, abilities] = [told(there, 'tool '), told(there, 'can ')]
  const alike = there.alike?.trim() ?? ''
  const findings: PreflightFinding[] = [
    ...toolFindings(tools),
    ...checkFindings(runs, tools),
    ...Object.entries(abilities).map(([name, can]) =>
      finding(
        `ability ${name}`,
        can === 'yes',
        'works',
        'does not do what the deploy needs (GNU coreutils, findutils, tar and util-linux do)',
      ),
    ),
    ...placeFindings(place, there, runId),
    ...(there.parent === 'directory' ? spaceFindings(artifact, there) : []),
    {
      check: 'clock',
      status: Math.abs(facts.clockAheadSeconds) <= CLOCK_SECONDS ? 'ok' : 'warn',
      message: `the host’s clock is ${facts.clockAheadSeconds} s ahead of this machine’s`,
    },
    ...(alike === ''
      ? []
      : [
          {
            check: 'names',
            status: 'warn' as const,
            message: `${alike} differs from the target only in case`,
          },
        ]),
  ]
  const versions = Object.entries(told(there, 'version ')).map(([tool, text]) => `${tool}: ${text}`)
  return { findings, above: there.above ?? '', canonical: there.canonical ?? '', versions }
}

type Run = Pick<Check, 'name' | 'run' | 'fallback'>

/** Everything that the checks file has done on the host. */
function runsOf({ checks, rehearsal }: Checks): Run[] {
  if (rehearsal === undefined) return checks
  const { run, refused, counts } = rehearsal
  const more = [
    ['rehearsal', run],
    ['rehearsal.refused', refused],
    ['rehearsal.counts', counts],
  ] as const
  return [...checks, ...more.flatMap(([name, argv]) => (argv === undefined ? [] : [{ name, run: argv }]))]
}

/** The answers whose names begin so, without that beginning. */
const told = (answers: { [key: string]: string }, prefix: string) =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  )

const finding = (check: string, good: boolean, ok: string, fault: string): PreflightFinding => ({
  check,
  status: good ? 'ok' : 'fail',
  message: good ? ok : fault,
})

function toolFindings(tools: { [name: string]: string }): PreflightFinding[] {
  const missing = TOOLS.filter((name) => tools[name] === '')
  if (missing.length === 0) return [{ check: 'tools', status: 'ok', message: TOOLS.join(', ') }]
  return missing.map((name) => ({ check: `tool ${name}`, status: 'fail', message: 'is not on the host' }))
}

/** Nothing is installed for a check: what the host lacks is found here, and a fallback takes its place where there is one. */
function checkFindings(checks: Run[], tools: { [name: string]: string }): PreflightFinding[] {
  const possible = ([program]: string[]) => program!.includes('/') || tools[program!] !== ''
  return checks.map(({ name, run, fallback }) => {
    const check = `check ${name}`
    if (possible(run)) return { check, status: 'ok', message: `runs ${run[0]}` }
    if (fallback !== undefined && possible(fallback.run)) {
      return {
        check,
        status: 'warn',
        message: `${run[0]} is not on the host: its fallback ${fallback.run[0]} will run`,
      }
    }
    return {
      check,
      status: 'fail',
      message: `${run[0]} is not on the host${fallback === undefined ? '' : `, nor is its fallback ${fallback.run[0]}`}`,
    }
  })
}

function placeFindings(
  place: DeployPaths,
  there: { [key: string]: string },
  runId: string,
): PreflightFinding[] {
  const { parent, target, staging } = place
  const findings = [
    finding(
      'parent',
      there.parent === 'directory',
      `${parent} (${there.owner})`,
      `${parent} is not there, or no folder`,
    ),
    ...(there.parent === 'directory'
      ? [
          finding(
            'parent writable',
            there.writable === 'yes',
            'yes',
            `${parent} can't be written to by the user of this connection`,
          ),
        ]
      : []),
    finding(
      'target',
      there.target === 'absent',
      `${target} is free`,
      `there is a ${there.target} at ${target} already, and nothing is ever overwritten`,
    ),
    there.staging === 'absent'
      ? finding('staging', true, `${staging} is free`, '')
      : finding(
          'staging',
          there.stagingRun === runId,
          'this run’s own, from an earlier try',
          `there is a ${there.staging} at ${staging}${there.stagingRun === '' ? '' : `, of run ${there.stagingRun}`}`,
        ),
    finding(
      'path',
      there.blockedBy === undefined,
      'every folder above is one',
      `${there.blockedBy} is no folder`,
    ),
  ]
  if (there.canonical !== undefined && there.canonical !== '' && there.canonical !== parent) {
    findings.push({
      check: 'parent link',
      status: 'warn',
      message: `${parent} leads to ${there.canonical} through a link`,
    })
  }
  if (there.insideGit !== undefined)
    findings.push({
      check: 'repository',
      status: 'warn',
      message: `the target would lie inside the git checkout ${there.insideGit}`,
    })
  if (place.strategy === 'release' && there.above === 'directory') {
    findings.push(
      finding(
        'filesystem',
        there.aboveDevice === there.device,
        'releases and staging share one',
        `${posix.dirname(target)} is on another filesystem than ${parent}: one rename can't get there`,
      ),
    )
  } else findings.push(finding('filesystem', true, 'target and staging share one', ''))
  return findings
}

/** Twice the artifact, for the tar and what is extracted of it; file systems without a count of inodes say \`-\`. */
function spaceFindings(
  { bytes, files }: { bytes: number; files: number },
  { freeKiB = '', freeInodes = '' }: { [key: string]: string },
): PreflightFinding[] {
  const needKiB = Math.ceil((bytes * 2) / 1024) + 64
  const needInodes = files * 2 + 16
  const inodesKnown = /^\d+$/.test(freeInodes) && freeInodes !== '0'
  return [
    finding(
      'space',
      Number(freeKiB) >= needKiB,
      `${freeKiB} KiB free, ${needKiB} needed`,
      `${freeKiB || 'unknown'} KiB free, ${needKiB} needed`,
    ),
    inodesKnown
      ? finding(
          'inodes',
          Number(freeInodes) >= needInodes,
          `${freeInodes} free, ${needInodes} needed`,
          `${freeInodes} free, ${needInodes} needed`,
        )
      : { check: 'inodes', status: 'ok', message: 'the filesystem doesn’t count them' },
  ]
}
