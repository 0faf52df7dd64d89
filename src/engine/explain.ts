import type { Approver } from '../approvals/list-approvers.ts'
import { findDifferences } from '../approvals/rules/drift-refusal.ts'
import { type AfterStop, afterStop } from '../domain/after-stop.ts'
import { type UnsettledWrite, unsettledOf } from '../domain/begun-writes.ts'
import type { StopFacts } from '../domain/errors.ts'
import type { HistoryEntry, RunEvent, Status } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import { type Hold, holdOver } from '../domain/hold.ts'
import type { Mode, Outcome, Run } from '../domain/run.ts'
import { predictPath } from '../machine/predict-path.ts'
import { type Blocker, findBlockers, findMachineBlockers, type MachineBlockers } from './blockers.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { explainGate, type JudgedApproval, type PolicyInForce } from './explain-gate.ts'
import { findGateExpiry } from './gate-expiry.ts'
import { type HostAhead, listHostsAhead } from './hosts-ahead.ts'
import { loadRun } from './load-run.ts'
import { APPROVED, lookAtWorld, type WorldSeen } from './look-at-world.ts'

/** A state on the path ahead. `kind` tells what its phase does to the world; null where the run only arrives. */
interface Ahead {
  state: string
  phase: string | null
  kind: 'read' | 'write' | null
  status: Status
}

/** The answer of `cutter run explain --json`. */
export interface Explanation {
  runId: string
  mode: Mode
  status: Status
  state: string
  outcome: Outcome | null
  waitsFor: {
    kind: 'approval' | 'retry' | 'work' | 'nothing'
    gate: string | null
    /** When the run came to its state, ISO 8601. */
    since: string
    planDigest: string | null
    /** When the gate expires by a timer of the chart, ISO 8601. Null without such a timer. */
    expiresAt: string | null
  }
  /** Writes that were begun and of which nobody knows whether they were committed. */
  unsettledWrites: UnsettledWrite[]
  stop: StopFacts | null
  /** What can help a stopped run. Null where its advice names no way, and unless the run is stopped. */
  afterStop: AfterStop | null
  /** The versions, if the installed machine is of another version. It would upgrade the run first, which voids its approvals. */
  upgrade: { from: string; to: string } | null
  hold: Hold | null
  approvers: Approver[]
  /** Null unless the run waits at a gate. */
  policy: PolicyInForce | null
  approvals: JudgedApproval[]
  /** What would happen after an approval now, up to the next pause or end; empty unless the run waits at a gate. */
  ifApproved: Ahead[]
  /** The same for a stopped run that is resumed. */
  ifRetried: Ahead[]
  /** Where each host of a run with several stands, and what comes for it; empty for a run with one. */
  hosts: HostAhead[]
  refusals: Blocker[]
  /** What differs from a plan: now, if the world was looked at and has moved; else what made the run return to its gate or stop. */
  differences: string[]
  /** The plan that `differences` compares with: that of now, or the one with which the run came to this gate before. */
  differsFrom: 'plan' | 'earlier-plan' | null
  /** How the world was seen. Null unless the run waits at a gate. */
  world: WorldSeen | null
}

/**
 * Explains what a run waits for, who could approve it, what would happen then, and what blocks it. Changes and records nothing.
 * With `isAsked` it compares the world at a gate, by reads alone.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function explain(deps: EngineDeps, id: string, { isAsked = false } = {}): Promise<Explanation> {
  const run = await loadRun(deps, id)
  const history = await deps.store.history(run.runId)
  // Another process may have moved the run since its history was read.
  const effects = (await deps.store.effects(run.runId)).filter(({ seq }) => seq <= history.length)
  const { runId, mode, status, state, outcome, stop } = run
  const isOpen = status !== 'closed'
  const { installed, upgraded, blockers } = isOpen ? await findMachineBlockers(deps, run) : closedRun(run)
  // Approvals cannot be judged without the machine. Its absence is one of the blockers.
  const gate = upgraded.status === 'paused' && installed !== null ? await explainGate(deps, upgraded) : null
  const seen = await seeWorld(deps, installed, upgraded, { history, isAsked })
  const isMoved = seen.differences.length > 0
  const differences = isOpen && !isMoved ? findDifferences(run) : seen.differences
  const ahead = status === 'paused' ? pathAhead(installed, upgraded, APPROVED) : []
  const ifApproved = seen.blockers.length > 0 ? backToGate(ahead, run) : ahead
  const ifRetried = status === 'stopped' ? pathAhead(installed, upgraded, { type: 'RETRY' }) : []
  return {
    runId,
    mode,
    status,
    state,
    outcome,
    waitsFor: {
      kind: WAITS_FOR[status],
      gate: run.gate,
      since: sinceWhen(run, history),
      planDigest: run.planDigest,
      expiresAt: await findGateExpiry(deps.store, run),
    },
    unsettledWrites: unsettledOf(run, history, effects),
    stop,
    afterStop: status === 'stopped' && stop !== null ? afterStop(stop) : null,
    upgrade: upgraded === run ? null : { from: run.version, to: upgraded.version },
    hold: isOpen ? holdOver(await deps.store.hold(), runId) : null,
    approvers: gate?.approvers ?? [],
    policy: gate?.policy ?? null,
    approvals: gate?.approvals ?? [],
    ifApproved,
    ifRetried,
    hosts: listHostsAhead(run, [...ifApproved, ...ifRetried]),
    refusals: isOpen
      ? [...(await findBlockers(deps, run, gate, installed)), ...blockers, ...seen.blockers]
      : [],
    differences,
    differsFrom:
      differences.length === 0 ? null : !isMoved && isPlannedAgain(run, history) ? 'earlier-plan' : 'plan',
    world: seen.world,
  }
}

interface Seen {
  world: WorldSeen | null
  /** What differs now. Where nothing does, what the run itself recorded is of interest. */
  differences: string[]
  blockers: Blocker[]
}

/** What is known of the world at the gate of a run: by looking at it now, else as the run last saw it. */
async function seeWorld(
  deps: EngineDeps,
  installed: InstalledMachine | null,
  run: Run,
  { history, isAsked }: { history: HistoryEntry[]; isAsked: boolean },
): Promise<Seen> {
  if (run.status !== 'paused') return { world: null, differences: [], blockers: [] }
  const asked = isAsked && installed !== null ? await lookAtWorld(deps, installed, run) : null
  if (asked === null || asked.fault !== null) {
    const why =
      asked?.fault ?? (isAsked ? 'the last check of this gate cannot be asked without writes' : null)
    const at = history.findLast(({ event }) => event.type.startsWith('xstate.'))?.at ?? run.updatedAt
    const differences = asked?.differences ?? []
    return { world: { how: 'last-seen', at, why, isAsPlanned: null }, differences, blockers: [] }
  }
  const at = deps.clock.now().toISOString()
  const { differences } = asked
  const world = { how: 'looked' as const, at, why: null, isAsPlanned: differences.length === 0 }
  return { world, differences, blockers: driftBlockers(run, differences) }
}

function driftBlockers({ runId }: Run, differences: string[]): Blocker[] {
  const [first] = differences
  if (first === undefined) return []
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : ''
  return [
    {
      reason: 'DRIFT',
      message: `the world has moved since the plan was made: ${first}${more}`,
      next: `restore what differs, or cutter run cancel ${runId} --reason … and start another run, which plans for the world as it is`,
    },
  ]
}

/** The last check finds the differences, and the run waits at its gate again. */
const backToGate = ([check]: Ahead[], { state }: Run): Ahead[] => [
  ...(check === undefined ? [] : [check]),
  { state, phase: null, kind: null, status: 'paused' },
]

/** Whether the run came to its gate with another plan than the time before. */
function isPlannedAgain({ gate, gateSeq, planDigest }: Run, history: HistoryEntry[]): boolean {
  const before = history
    .filter(({ seq }) => gateSeq !== null && seq < gateSeq)
    .map((entry) => entryMarks(entry).arrival)
    .findLast((arrival) => arrival?.gate === gate)
  return before?.planDigest != null && before.planDigest !== planDigest
}

const closedRun = (run: Run): MachineBlockers => ({ installed: null, upgraded: run, blockers: [] })

const WAITS_FOR = { paused: 'approval', stopped: 'retry', working: 'work', closed: 'nothing' } as const

/** Finds when a run arrived at its gate; for other runs, when the newest entry that changed the run was made. */
function sinceWhen(run: Run, history: HistoryEntry[]): string {
  const arrived = (entry: HistoryEntry) =>
    run.status === 'paused'
      ? entry.seq === run.gateSeq
      : entry.status === run.status && entry.snapshotDigest === run.snapshotDigest
  return history.find(arrived)?.at ?? run.updatedAt
}

function pathAhead(installed: InstalledMachine | null, run: Run, event: RunEvent): Ahead[] {
  if (installed === null) return []
  const kindOf = (phase: string | null) => (phase === null ? null : (installed.effects[phase]?.kind ?? null))
  return predictPath(installed.machine, run, event).map(({ state, phase, status }) => ({
    state,
    phase,
    status,
    kind: kindOf(phase),
  }))
}
