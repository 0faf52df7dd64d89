import type { Approval } from '../domain/approval.ts'
import type { Clock } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import type { EffectRow, Owner } from '../domain/effect.ts'
import type { HistoryEntry, Status } from '../domain/history-entry.ts'
import type { HoldEntry, HoldInForce } from '../domain/hold.ts'
import type { Message } from '../domain/message.ts'
import type { Mode, Outcome, Run } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import type { Token } from '../domain/token.ts'
import type { MessageStore } from './message-store.ts'
import type { RunFilter, WaitFilter, WaitingRun } from './run-filter.ts'

/** A claim on effects: its owner, and until when (ISO 8601) it binds owners on other hosts. */
export interface Lease {
  owner: Owner
  until: string
}

/** The claim on an effect as a caller saw it; both are null when nobody has one. */
export type SeenClaim = Pick<EffectRow, 'owner' | 'leaseUntil'>

export interface ExecutionSwitch {
  enabled: boolean
  until: string | null
  reason: string
  by: string
  at: string
}

/** Where the module of a user's own machine lies, as an absolute path, and when a run of it was first started. */
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

/** Everything that the store has of one run, read at one moment. */
export interface StoredRun {
  run: Run
  history: HistoryEntry[]
  /** The number of its entries by people in the table, whether or not the chain reaches them. */
  entriesByPeople: number
  effects: EffectRow[]
  timers: Timer[]
  approvals: Approval[]
  evidence: EvidenceRow[]
  /** The bytes of its evidence by their digest, as stored. */
  contents: Map<string, Uint8Array>
}

/** What the store keeps of a run that was pruned; its evidence is in a bundle. */
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

/** What resuming a run needs, read at one moment. */
export interface ResumableRun {
  run: Run
  timers: Timer[]
  approvals: Approval[]
  /** The entries that people made, in their order: all but those by `ENGINE`. */
  byPeople: HistoryEntry[]
}

/** An entry of any run, with its place among the entries of all runs. */
export interface PlacedEntry {
  /** Later entries have greater ones. */
  place: number
  runId: string
  machine: string
  entry: HistoryEntry
}

/** An approval that waits to be used, with its place among all approvals. */
export interface UnusedApproval {
  /** Later ones have greater ones. */
  place: number
  runId: string
  approvalId: string
}

/** How much a store holds. */
export interface StoreFigures {
  runs: { machine: string; state: string; status: Status; count: number }[]
  /** Runs that wait at a gate, with the earliest arrival among them, ISO 8601. */
  gates: { machine: string; gate: string; count: number; since: string }[]
  /** What each part of it takes on the disk, in bytes. */
  bytes: { [part: string]: number }
}

/**
 * Where runs are stored. A driver passes the conformance suite in test/store/conformance. All methods are async, so that a driver may
 * be a server. Errors are CutterErrors. A driver checks each run that it reads against the run's own digests.
 *
 * @throws STORE_TAMPERED with the first part of a run that does not hold.
 */
export interface RunStore extends MessageStore {
  /**
   * Saves the first step of a new run, and claims the effects that it asks for.
   * @throws KEY_REUSED when its start key belongs to another run, with data.pruned where that run was pruned.
   */
  create(step: Step, lease: Lease): Promise<EffectRow[]>
  /**
   * Saves one step in one transaction, and claims the effects that it asks for. With `mayBeLost` a loss of power may take the step back, until
   * anything that is saved later is on the disk; the end of a process never does.
   * @throws STORE_CONFLICT when the run has another newest entry, when the effect that the step completes has another owner, or when
   * its approval was used.
   */
  advance(step: Step, lease: Lease, how?: { mayBeLost: boolean }): Promise<EffectRow[]>

  run(runId: string): Promise<Run | null>
  /** With `since`: of the history and the bytes of evidence only what came after that entry. */
  storedRun(runId: string, since?: number): Promise<StoredRun | null>
  runByKey(startKey: string): Promise<Run | null>
  /** Ids that equal the text, begin or end with it; at most `limit`. */
  idsLike(text: string, limit: number): Promise<string[]>
  /** Newest first. */
  list(filter: RunFilter): Promise<Run[]>
  /** The longest wait first. */
  listWaiting(filter: WaitFilter): Promise<WaitingRun[]>
  /** How many runs pass a filter, `limit` at most, whether or not they can be trusted. */
  count(filter: Omit<RunFilter, 'after' | 'onTampered'>): Promise<number>
  history(runId: string): Promise<HistoryEntry[]>
  /** The place of the newest entry of all runs; 0 where there is none. */
  newestPlace(): Promise<number>
  /** The place of an entry; null where the run has none with this `seq`. */
  placeOf(runId: string, seq: number): Promise<number | null>
  /** Entries of all runs after a place, in the order in which they were saved; at most `limit`. */
  entriesAfter(place: number, limit: number): Promise<PlacedEntry[]>
  /** Ids of the runs whose status is `working`, oldest first. */
  workingRuns(): Promise<string[]>
  /** Ids of runs that wait at a gate with a timer that is due at a time (ISO 8601). */
  dueGates(at: string): Promise<string[]>
  /** Unused approvals of runs that wait at a gate, after a place among all approvals; oldest first. */
  unusedApprovals(place: number): Promise<UnusedApproval[]>
  resumableRun(runId: string): Promise<ResumableRun | null>

  effects(runId: string): Promise<EffectRow[]>
  /**
   * Claims an effect from the owner and the lease that the caller saw. Null when another process claimed it first, or its owner renewed the
   * lease meanwhile and so lives.
   */
  claim(runId: string, invokeId: string, from: SeenClaim, lease: Lease): Promise<EffectRow | null>
  /** Ends the owner's claims on effects that were not started, so that another process can claim them at once. */
  release(runId: string, owner: Owner): Promise<void>
  renew(runId: string, lease: Lease): Promise<void>
  timers(runId: string): Promise<Timer[]>

  /** Keeps an approval once. While it is unused, a second signature of the same statement replaces the first one. */
  saveApproval(approval: Approval): Promise<void>
  approval(approvalId: string): Promise<Approval | null>
  /** Of one run, or of all runs; oldest first. */
  approvals(runId?: string): Promise<Approval[]>
  /** Of any run, that name this review decision. */
  approvalsNaming(reviewDecisionId: string): Promise<Approval[]>

  evidence(digest: string): Promise<Uint8Array | null>
  evidenceOf(runId: string): Promise<EvidenceRow[]>

  /** Keeps one signature of a closeout by the instance, and one by each person. A second one changes nothing. */
  saveCloseoutSignature(signature: CloseoutSignature): Promise<void>
  /** The instance's first, then people in the order of their names. */
  closeoutSignatures(runId: string): Promise<CloseoutSignature[]>

  /** Null before anybody set the switch: it is off then. */
  executionSwitch(): Promise<ExecutionSwitch | null>
  setExecutionSwitch(setting: ExecutionSwitch): Promise<void>

  /** The hold that is on, or null. The last recorded entry decides, whatever the times are. */
  hold(): Promise<HoldInForce | null>
  /** Records a change of the hold, with the messages on it, in one transaction. */
  recordHold(entry: HoldEntry, messages?: Message[]): Promise<void>

  /** Keeps a new token with its digest, the SHA-256 of the token in hex. */
  saveToken(token: Token, digest: string): Promise<void>
  tokenByDigest(digest: string): Promise<Token | null>
  /** All that were ever made, oldest first. */
  tokens(): Promise<Token[]>
  /** Records the time (ISO 8601) at which a token was last used. */
  tokenUsed(tokenId: string, at: string): Promise<void>
  /** Revokes a token. A revoked one keeps the time and the author of its revocation. */
  revokeToken(tokenId: string, revocation: { at: string; by: string }): Promise<void>

  machineModule(name: string): Promise<MachineModuleLocation | null>
  /** By name. */
  machineModules(): Promise<MachineModuleLocation[]>
  /**
   * Remembers where the module of a machine lies. Replaces an earlier place only while no run of that machine is open, or where
   * `moved` states that no module lies there any more. Otherwise the answer is false and nothing is changed.
   */
  rememberModule(place: MachineModuleLocation, options: { moved: boolean }): Promise<boolean>

  /**
   * Removes a closed run with everything that refers to it, in one transaction, and keeps the given facts. Its start key stays used.
   * @throws STORE_CONFLICT when the run is not closed at the entry `pruned.head`.
   */
  prune(pruned: PrunedRun): Promise<void>
  /** Pruned runs whose id equals the text, begins or ends with it. */
  prunedLike(text: string): Promise<PrunedRun[]>

  /** Counts what it holds. It yields to other work between parts of the count, so each run is counted as it is at some moment of it. */
  figures(): Promise<StoreFigures>
  /** Differs from the last answer if anything was saved since then, by whichever process. Cheap enough to be asked often. */
  version(): Promise<string>
  /**
   * Ids of runs of which only the history is there, because somebody deleted their rows. In the order of the ids. `all` compares each history
   * with its run, which takes time for many runs. Otherwise those are found that the store knows as deleted, and those of the newest entries.
   */
  historiesWithoutRun(options: { all: boolean }): Promise<string[]>
  /** Reads every page of the file; a sentence for each fault. */
  check(): Promise<string[]>
  close(): Promise<void>
}

/** A step to save. `mayBeLost`: it needs no sync of its own. */
export interface StepRequest {
  step: Step
  lease: Lease
  mayBeLost?: boolean
}

/** A write that belongs to no step. */
export type SingleWrite =
  | { approval: Approval }
  | { closeoutSignature: CloseoutSignature }
  | { machineModule: MachineModuleLocation; moved: boolean }
  | { holdEntry: HoldEntry; messages: Message[] }

/** What `withGroupCommit` needs in addition to a RunStore. */
export interface BatchingStore extends RunStore {
  /** The clock that all who share the store go by; absent where that is the host’s. */
  clock?: Clock
  /**
   * Saves many steps, also first ones, and single writes in one transaction. Each is refused on its own. Answers in the order of the requests: the
   * claimed effects of a step, or whether a single write changed anything.
   */
  saveAll(requests: (StepRequest | SingleWrite)[]): Promise<PromiseSettledResult<EffectRow[] | boolean>[]>
}
