import type { Approver } from '../approvals/list-approvers.ts'
import { findDifferences } from '../approvals/rules/drift-refusal.ts'
import type { StopFacts } from '../domain/errors.ts'
import { type Hold, holdOver } from '../domain/hold.ts'
import type { HistoryEntry, Mode, Outcome, Run, RunEvent, Status } from '../domain/run.ts'
import { predictPath } from '../machine/predict-path.ts'
import { type Blocker, findBlockers, findMachineBlockers } from './blockers.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { explainGate, type JudgedApproval, type PolicyInForce } from './explain-gate.ts'
import { loadRun } from './load-run.ts'

/** A place on the way ahead; `kind` says what its phase does to the world, null where the run only arrives. */
export interface Ahead {
  state: string
  phase: string | null
  kind: 'read' | 'write' | null
  status: Status
}

export interface Explanation {
  runId: string
  mode: Mode
  status: Status
  state: string
  outcome: Outcome | null
  waitsFor: {
    kind: 'approval' | 'retry' | 'work' | 'nothing'
    gate: string | null
    /** When the run came to where it stands. */
    since: string
    planDigest: string | null
  }
  stop: StopFacts | null
  /** The installed machine is of another version, and would carry the run over first; that voids its approvals. */
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
  /** What is not as it was approved, where the run fell back or stopped over it. */
  differences: string[]
}

/** What a run waits for, who could give it, what would happen then, and what stands in its way. Changes and records nothing. */
export async function explain(deps: EngineDeps, id: string): Promise<Explanation> {
  const run = await loadRun(deps, id)
  const history = await deps.store.history(run.runId)
  const { runId, mode, status, state, outcome, stop } = run
  const isOpen = status !== 'closed'
  const { installed, taken, obstacles } = isOpen ? await findMachineBlockers(deps, run) : CLOSED(run)
  // A machine that is not installed has no gate that could be judged; that it is not is said among the refusals.
  const gate = taken.status === 'paused' && installed !== null ? await explainGate(deps, taken) : null
  return {
    ...{ runId, mode, status, state, outcome },
    waitsFor: {
      kind: WAITS_FOR[status],
      gate: run.gate,
      since: sinceWhen(run, history),
      planDigest: run.planDigest,
    },
    stop,
    upgrade: taken === run ? null : { from: run.version, to: taken.version },
    hold: isOpen ? holdOver(await deps.store.hold(), runId) : null,
    approvers: gate?.approvers ?? [],
    policy: gate?.policy ?? null,
    approvals: gate?.approvals ?? [],
    ifApproved: status === 'paused' ? ahead(installed, taken, APPROVED) : [],
    ifRetried: status === 'stopped' ? ahead(installed, taken, { type: 'RETRY' }) : [],
    refusals: isOpen ? [...(await findBlockers(deps, run, gate, installed)), ...obstacles] : [],
    differences: isOpen ? findDifferences(run) : [],
  }
}

const CLOSED = (run: Run) => ({ installed: null, taken: run, obstacles: [] })

const WAITS_FOR = { paused: 'approval', stopped: 'retry', working: 'work', closed: 'nothing' } as const

/** No approval of that id can be: ids of real ones are digests. */
const APPROVED = { type: 'APPROVE', approvalId: 'ap-foreseen', approver: 'foreseen' }

/** When it arrived at its gate, else when its newest entry was made that is no mere record. */
function sinceWhen(run: Run, history: HistoryEntry[]): string {
  const arrived = (entry: HistoryEntry) =>
    run.status === 'paused'
      ? entry.seq === run.gateSeq
      : entry.status === run.status && entry.snapshotDigest === run.snapshotDigest
  return history.find(arrived)?.at ?? run.updatedAt
}

function ahead(installed: InstalledMachine | null, run: Run, event: RunEvent): Ahead[] {
  if (installed === null) return []
  const kindOf = (phase: string | null) => (phase === null ? null : (installed.effects[phase]?.kind ?? null))
  return predictPath(installed.machine, run, event).map(({ state, phase, status }) => ({
    ...{ state, phase, status },
    kind: kindOf(phase),
  }))
}
