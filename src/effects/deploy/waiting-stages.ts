import type { EffectContext } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import type { Checks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import { readPinnedChecks } from './pin-source.ts'
import type { PreflightFinding } from './preflight-check.ts'
import { tools } from './preflight-tools.ts'
import { parsePairs } from './read-commands.ts'
import { askPreflight } from './run-preflight.ts'
import type { StageName, Stages } from './stages.ts'

/** What is known of the stages that wait behind a blocked one. */
export type WaitingFacts = Partial<Record<StageName, { [key: string]: Json }>>

/**
 * The checks file: as it was pinned, else as it is now. Null when there is none, or it cannot be read: then the block itself says so.
 */
export async function readKnownChecks(
  deps: DeployDeps,
  context: EffectContext,
  given: { checksDigest?: string | undefined; checks?: string | undefined },
  parse: (text: unknown, file: string) => Checks,
): Promise<Checks | null> {
  try {
    if (given.checksDigest !== undefined) return await readPinnedChecks(context, given.checksDigest)
    return given.checks === undefined ? null : parse(await deps.readChecks(given.checks), given.checks)
  } catch {
    return null
  }
}

/** Asks the host which tools of the checks are there. Reads only. */
export async function findReadyTools(
  session: HostSession,
  place: DeployPaths,
  checks: Checks,
  programs: string[],
): Promise<PreflightFinding[]> {
  const answers = parsePairs(await session.text(askPreflight(place, programs)))
  return tools.find(answers, { checks } as Parameters<typeof tools.find>[1])
}

/** Describes the stages that wait: what G5 and G6 will run and expect, which tools are ready, and what G7 will compare. */
export function describeWaiting(
  checks: Checks | null,
  ready: PreflightFinding[],
  previous: string[],
): WaitingFacts {
  const g7 = { unchanged: previous }
  if (checks === null) return { G7: g7 }
  const { rehearsal } = checks
  return {
    G5: {
      checks: checks.checks.map(({ name, run }) => `${name}: ${run.join(' ')}`),
      expected: checks.checks.flatMap(({ name, expect: { count } }) =>
        count === undefined ? [] : [`${name}: ${count.is} by ${count.pattern}`],
      ),
      tools: ready.map(({ check, status, message }) => `${check}: ${status}, ${message}`),
    },
    G6: { rehearsal: rehearsal === undefined ? 'none is declared' : rehearsal.run.join(' ') },
    G7: g7,
  }
}

/** Adds what is known to the stages that were not executed. */
export function withWaiting(stages: Required<Stages>, known: WaitingFacts): Required<Stages> {
  const entries = Object.entries(stages) as [StageName, Required<Stages>[StageName]][]
  return Object.fromEntries(
    entries.map(([name, stage]) => [
      name,
      stage.status === 'NOT EXECUTED' ? { ...stage, facts: { ...known[name], ...stage.facts } } : stage,
    ]),
  ) as Required<Stages>
}
