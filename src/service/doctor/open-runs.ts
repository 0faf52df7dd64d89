import { setImmediate as otherWork } from 'node:timers/promises'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Status } from '../../domain/history-entry.ts'
import type { Run } from '../../domain/run.ts'
import type { Blocker } from '../../engine/blockers.ts'
import { type Explanation, explain } from '../../engine/explain.ts'
import { aboutRun } from '../../reports/about-run.ts'
import { eachRun } from '../../store/each-run.ts'
import { assertRole } from '../access/assert-role.ts'
import { isInScope } from '../access/scope.ts'
import { findHostBlockers } from './host-blocker.ts'

/** What an open run waits for, and whether that can come. */
export interface RunProspect {
  runId: string
  machine: string
  /** What the run is about, in one line. */
  about: string
  status: Status
  state: string
  /** What continues the run. */
  wakes: 'approval' | 'resume' | 'work' | 'timer'
  gate: string | null
  /** When a timer closes its gate, ISO 8601; null without one. */
  expiresAt: string | null
  /** Nothing continues it until somebody changes what `blockers` say. */
  isStranded: boolean
  /** What would refuse it now. */
  blockers: Blocker[]
}

/** What ends without a change of rules, machines or targets: somebody lifts, allows or finishes it. */
const PASSING: string[] = ['ON_HOLD', 'RUN_HELD', 'LIVE_REFUSED', 'STOP_EXECUTION_DISABLED']

/**
 * Examines each open run that the caller's token reaches, oldest first: what continues it, and whether that can still happen. Changes nothing.
 * @throws CONFIG_INVALID, ACCESS_REFUSED
 */
export async function examineRuns(home: Home): Promise<RunProspect[]> {
  assertRole(home, 'examine runs')
  const tampered: RunProspect[] = []
  const onTampered = (error: Error) => void tampered.push(...prospectOfTampered(home, error))
  // By id: a run that moves meanwhile is found under two statuses.
  const found = new Map<string, { startedAt: string; prospect: RunProspect }>()
  // Only prospects are kept, because there may be many open runs.
  for (const status of ['working', 'paused', 'stopped'] as const)
    for await (const run of eachRun(home.store, { status, onTampered })) {
      if (isInScope(home, run))
        found.set(run.runId, { startedAt: run.startedAt, prospect: await prospectOf(home, run) })
      // Many open runs must not keep a service from its other work.
      await otherWork()
    }
  const sorted = [...found.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
  return [...tampered, ...sorted.map(({ prospect }) => prospect)]
}

async function prospectOf(home: Home, run: Run): Promise<RunProspect> {
  const { deps } = await home.app()
  try {
    const explained = await explain(deps, run.runId)
    const found = composeProspect(run, explained, [
      ...explained.refusals,
      ...(await findTargetBlocker(home, run)),
      ...(await findHostBlockers(home, run)),
    ])
    return isInterrupted(home, found) ? { ...found, wakes: 'resume' } : found
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    const { code, message, next = null } = error
    return composeProspect(run, null, [{ reason: code, message, next }])
  }
}

/** Whether a run works and no living process has claimed it. A service continues it by itself; without one somebody has to. */
const isInterrupted = ({ caller }: Home, { status, blockers }: RunProspect): boolean =>
  status === 'working' && caller === null && !blockers.some(({ reason }) => reason === 'RUN_HELD')

function composeProspect(run: Run, explained: Explanation | null, blockers: Blocker[]): RunProspect {
  const { runId, machine, status, state, gate } = run
  const expiresAt = explained?.waitsFor.expiresAt ?? null
  const isBlocked = blockers.some(({ reason }) => !PASSING.includes(reason))
  const isStranded = isBlocked && expiresAt === null
  const wakes =
    status === 'working'
      ? 'work'
      : status === 'stopped'
        ? 'resume'
        : isBlocked && !isStranded
          ? 'timer'
          : 'approval'
  return { runId, machine, about: aboutRun(run), status, state, wakes, gate, expiresAt, isStranded, blockers }
}

/** A target that cutter.yaml no longer names can’t be reached, whoever approves. */
async function findTargetBlocker(home: Home, { input }: Run): Promise<Blocker[]> {
  const { target } = input
  const { targets } = await home.config()
  if (typeof target !== 'string' || target === 'embedded' || Object.hasOwn(targets, target)) return []
  return [
    {
      reason: 'TARGET_NOT_FOUND',
      message: `cutter.yaml names no target ${target} any more`,
      next: 'have its owner name it again, or cancel the run',
    },
  ]
}

/** A run whose record does not hold is known by its id alone. A token that does not reach all runs does not learn of it. */
function prospectOfTampered({ caller }: Home, error: Error): RunProspect[] {
  if (
    !(error instanceof CutterError) ||
    (caller !== null && (caller.machines !== null || caller.runId !== null))
  )
    return []
  const { code, message, next = null, data } = error
  const unknown = {
    machine: '?',
    about: '',
    status: 'stopped',
    state: '?',
    gate: null,
    expiresAt: null,
  } as const
  return [
    {
      runId: String(data.runId),
      ...unknown,
      wakes: 'resume',
      isStranded: true,
      blockers: [{ reason: code, message, next }],
    },
  ]
}
