import type { Approval } from '../domain/approval.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import type { EffectRow, Owner } from '../domain/effect.ts'
import type { HoldEntry, HoldInForce } from '../domain/hold.ts'
import type { HistoryEntry, Mode, Outcome, Run, RunEvent, Status } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'

/** Who takes the effects that a step asks for, and until when (ISO 8601) the lease holds for owners on other hosts. */
export interface Lease {
  owner: Owner
  until: string
}

export interface Timer {
  timerId: string
  dueAt: string
  event: RunEvent
}

export interface ExecutionSwitch {
  enabled: boolean
  until: string | null
  reason: string
  by: string
  at: string
}

/** A user's own machine: where its module lies, as an absolute path, and when a run of it was first started. */
export interface MachineModuleLocation {
  name: string
  path: string
  startedAt: string
}

export interface EvidenceRow {
  seq: number
  name: string
  digest: string
  mediaType: string
  bytes: number
}

/** All that is kept of one run, read at one moment. */
export interface StoredRun {
  run: Run
  history: HistoryEntry[]
  /** How many of its entries are by people, whether or not others follow them: as many as in its history. */
  entriesByPeople: number
  effects: EffectRow[]
  timers: Timer[]
  approvals: Approval[]
  evidence: EvidenceRow[]
  /** The bytes of its evidence by their digest, as they lie there. */
  contents: Map<string, Uint8Array>
}

/** What stays known of a run that was taken out of the store, its evidence being in a bundle. */
export interface PrunedRun {
  runId: string
  machine: string
  mode: Mode
  outcome: Outcome
  startKey: string | null
  seq: number
  head: string
  closedAt: string
  prunedAt: string
  by: string
  bundleDigest: string
}

/** What is needed to take a run up from where it rests, read at one moment. */
export interface ResumableRun {
  run: Run
  timers: Timer[]
  approvals: Approval[]
  /** The entries that somebody made, in their order: all but those by `ENGINE`. */
  byPeople: HistoryEntry[]
}

/** A run in a list: what its row says, without snapshot and output. */
export interface RunFilter {
  status?: Status
  machine?: string
  limit: number
  /** Told of each run that can't be trusted, which is then left out; without it the first such run is thrown. */
  onTampered?(error: Error): void
}

/**
 * Where runs live. A driver passes the conformance suite in test/store/conformance/describe-run-store.ts. All methods are async, so that a
 * driver may be a server; errors are CutterErrors. A run that is read back has been checked against its own digests:
 * `STORE_TAMPERED` names what does not fit.
 */
export interface RunStore {
  /** Saves the first step of a new run. `KEY_REUSED` when its start key belongs to another run, with data.pruned where that was pruned. */
  create(step: Step, lease: Lease): Promise<EffectRow[]>
  /**
   * Saves one step in one transaction and claims the effects it asks for. `STORE_CONFLICT` when the run has moved on
   * since, when the effect that the step takes in is no longer the lease owner's, or when its approval was used.
   */
  advance(step: Step, lease: Lease): Promise<EffectRow[]>

  run(runId: string): Promise<Run | null>
  whole(runId: string): Promise<StoredRun | null>
  runByKey(startKey: string): Promise<Run | null>
  /** Ids that equal, begin with or end with the text; at most `limit`. */
  idsLike(text: string, limit: number): Promise<string[]>
  /** Newest first. */
  list(filter: RunFilter): Promise<Run[]>
  history(runId: string): Promise<HistoryEntry[]>
  takeUp(runId: string): Promise<ResumableRun | null>

  effects(runId: string): Promise<EffectRow[]>
  /** Takes an effect over from the owner that the caller saw (null: from nobody). Null when somebody else was faster. */
  claim(runId: string, invokeId: string, from: Owner | null, lease: Lease): Promise<EffectRow | null>
  /** Lets go of effects that were not begun, so that another process can take them at once. */
  release(runId: string, owner: Owner): Promise<void>
  renew(runId: string, lease: Lease): Promise<void>
  timers(runId: string): Promise<Timer[]>

  /** Keeps an approval; the same one twice is one. While it is unused, another signature of it takes the first one's place. */
  saveApproval(approval: Approval): Promise<void>
  approval(approvalId: string): Promise<Approval | null>
  /** Of one run, or all; oldest first. */
  approvals(runId?: string): Promise<Approval[]>
  /** Of whatever run, that name this review decision. */
  approvalsNaming(reviewDecisionId: string): Promise<Approval[]>

  evidence(digest: string): Promise<Uint8Array | null>
  evidenceOf(runId: string): Promise<EvidenceRow[]>

  /** Keeps a signature of a closed run's closeout. One by the instance, and one by each person: a second one changes nothing. */
  saveCloseoutSignature(signature: CloseoutSignature): Promise<void>
  /** The instance's first, then people in the order of their names. */
  closeoutSignatures(runId: string): Promise<CloseoutSignature[]>

  /** Null before anybody set it: then the switch is off. */
  executionSwitch(): Promise<ExecutionSwitch | null>
  setExecutionSwitch(setting: ExecutionSwitch): Promise<void>

  /** The hold that is on, or null. What was recorded last counts, whatever the times say. */
  hold(): Promise<HoldInForce | null>
  recordHold(entry: HoldEntry): Promise<void>
  machineModule(name: string): Promise<MachineModuleLocation | null>
  /** By name. */
  machineModules(): Promise<MachineModuleLocation[]>
  /**
   * Remembers where a machine's module lies. A place that is remembered already is replaced only while no run of that machine
   * is open, or where `moved` says that nothing lies there any more; else the answer is false and nothing is changed.
   */
  rememberModule(place: MachineModuleLocation, options: { moved: boolean }): Promise<boolean>

  /**
   * Takes a closed run out, with all that refers to it, and keeps what is said of it here: its start key stays used. `STORE_CONFLICT`
   * when it is not closed at that head. All in one transaction.
   */
  prune(pruned: PrunedRun): Promise<void>
  /** Those whose id equals, begins with or ends with the text. */
  prunedLike(text: string): Promise<PrunedRun[]>

  /** Reads every page; what does not hold, a sentence each. */
  check(): Promise<string[]>
  close(): Promise<void>
}

export interface SaveRequest {
  step: Step
  lease: Lease
}

/** What `grouped` needs beyond a RunStore: many steps (a first one makes its run) in one transaction, each refused alone. */
export interface BatchingStore extends RunStore {
  saveAll(requests: SaveRequest[]): Promise<PromiseSettledResult<EffectRow[]>[]>
}
