import type { Approver } from '../approvals/list-approvers.ts'
import { findDifferences } from '../approvals/rules/drift-refusal.ts'
import { type UnsettledWrite, unsettledOf } from '../domain/begun-writes.ts'
import type { StopFacts } from '../domain/errors.ts'
import type { HistoryEntry, RunEvent, Status } from '../domain/history-entry.ts'
import { type Hold, holdOver } from '../domain/hold.ts'
import type { Mode, Outcome, Run } from '../domain/run.ts'
import { predictPath } from '../machine/predict-path.ts'
import { type Blocker, findBlockers, findMachineBlockers, type MachineBlockers } from './blockers.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { findGateExpiry } from './expire-gate.ts'
import { explainGate, type JudgedApproval, type PolicyInForce } from './explain-gate.ts'
import { loadRun } from './load-run.ts'

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
  refusals: Blocker[]
  /** What differs from the approved plan, if the run returned to its gate or stopped because of it. */
  differences: string[]
}

/**
 * Explains what a run waits for, who could approve it, what would happen then, and what blocks it. Changes and records nothing.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function explain(deps: EngineDeps, id: string): Promise<Explanation> {
  const run = await loadRun(deps, id)
  const history = await deps.store.history(run.runId)
  const { runId, mode, status, state, outcome, stop } = run
  const isOpen = status !== 'closed'
  const { installed, upgraded, blockers } = isOpen ? await findMachineBlockers(deps, run) : closedRun(run)
  // Approvals cannot be judged without the machine. Its absence is one of the blockers.
  const gate = upgraded.status === 'paused' && installed !== null ? await explainGate(deps, upgraded) : null
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
    unsettledWrites: unsettledOf(run, history, await deps.store.effects(runId)),
    stop,
    upgrade: upgraded === run ? null : { from: run.version, to: upgraded.version },
    hold: isOpen ? holdOver(await deps.store.hold(), runId) : null,
    approvers: gate?.approvers ?? [],
    policy: gate?.policy ?? null,
    approvals: gate?.approvals ?? [],
    ifApproved: status === 'paused' ? pathAhead(installed, upgraded, APPROVED) : [],
    ifRetried: status === 'stopped' ? pathAhead(installed, upgraded, { type: 'RETRY' }) : [],
    refusals: isOpen ? [...(await findBlockers(deps, run, gate, installed)), ...blockers] : [],
    differences: isOpen ? findDifferences(run) : [],
  }
}

const closedRun = (run: Run): MachineBlockers => ({ installed: null, upgraded: run, blockers: [] })

const WAITS_FOR = { paused: 'approval', stopped: 'retry', working: 'work', closed: 'nothing' } as const

/** Ids of real approvals are digests, so no approval has this id. */
const APPROVED = { type: 'APPROVE', approvalId: 'ap-foreseen', approver: 'foreseen' }

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
