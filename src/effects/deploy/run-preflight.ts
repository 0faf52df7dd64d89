import type { HostCommand, HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import {
  type PreflightCheck,
  type PreflightFinding,
  type PreflightSubject,
  pickAnswers,
} from './preflight-check.ts'
import * as paths from './preflight-paths.ts'
import { abilities, listPrograms, tools } from './preflight-tools.ts'
import { defineRead, parsePairs } from './read-commands.ts'

const CLOCK_SECONDS = 60

/** The host's clock. Its time comes with the facts, so that there is nothing to ask. */
const clock: PreflightCheck = {
  ask: '',
  find: (_, { facts: { clockAheadSeconds } }) => [
    {
      check: 'clock',
      status: Math.abs(clockAheadSeconds) <= CLOCK_SECONDS ? 'ok' : 'warn',
      message: `the host’s clock is ${clockAheadSeconds} s ahead of this machine’s`,
    },
  ],
}

/** The preflight, a row for each check: the question in shell, and the findings from the answers. The findings keep this order. */
const CHECKS: PreflightCheck[] = [
  tools,
  abilities,
  paths.parent,
  paths.target,
  paths.staging,
  paths.path,
  paths.parentLink,
  paths.repository,
  paths.filesystem,
  paths.mount,
  paths.space,
  clock,
  paths.names,
  paths.conflicts,
]

/** What the questions may use besides the variables. */
const FUNCTIONS = `there() { if [ -L "$1" ]; then echo link; elif [ -d "$1" ]; then echo directory; elif [ -e "$1" ]; then echo other; else echo absent; fi; }
each_above() { above=\${target%/*}; while [ -n "$above" ]; do "$1" "$above"; above=\${above%/*}; done; }`

/** All questions in one command, because each one by itself would take a round trip. */
export const askPreflight = (
  { parent, target, staging }: Pick<DeployPaths, 'parent' | 'target' | 'staging'>,
  programs: string[],
): HostCommand =>
  defineRead(
    'preflight',
    [
      'parent=$1; target=$2; staging=$3; name=$4; shift 4',
      FUNCTIONS,
      ...CHECKS.map(({ ask }) => ask).filter((ask) => ask !== ''),
      'exit 0',
    ].join('\n'),
    parent,
    target,
    staging,
    target.slice(target.lastIndexOf('/') + 1).replace(/[[\]*?\\]/g, '\\$&'),
    ...programs,
  )

export interface PreflightResult {
  findings: PreflightFinding[]
  /** The kind of the folder above the target. With `release` it may still have to be made. */
  above: string
  /** Where the parent really is, links followed. */
  canonical: string
  /** The versions of the tools, as each tool prints it. */
  versions: string[]
}

/** Checks everything that later stages rely on. It returns all findings, not only the first fault. */
export async function runPreflight(
  session: HostSession,
  subject: PreflightSubject,
): Promise<PreflightResult> {
  const command = askPreflight(subject.place, listPrograms(subject.checks))
  const answers = parsePairs(await session.text(command))
  const { above = '', canonical = '' } = answers
  return {
    findings: CHECKS.flatMap(({ find }) => find(answers, subject)),
    above,
    canonical,
    versions: Object.entries(pickAnswers(answers, 'version ')).map(([tool, text]) => `${tool}: ${text}`),
  }
}
