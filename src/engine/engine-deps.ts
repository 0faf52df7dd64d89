import type { Logger } from 'pino'
import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import type { FilesFault } from '../approvals/file-permissions.ts'
import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import type { Trust } from '../approvals/trust-files.ts'
import type { Clock } from '../domain/clock.ts'
import type { Effect, Owner } from '../domain/effect.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { HistoryEntry, RunEvent } from '../domain/history-entry.ts'
import type { Through } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { LostEntries } from '../domain/lost-entries.ts'
import type { HomeIdentity, Need } from '../domain/need.ts'
import type { SourceFile } from '../domain/recorded-source.ts'
import type { Run } from '../domain/run.ts'
import type { Machine } from '../machine/define.ts'
import type { SecretRegistry } from '../secrets/redaction.ts'
import type { RunStore } from '../store/run-store.ts'
import type { CheckedRuns } from './checked-runs.ts'

/** A machine with the effects that do its work. */
export interface InstalledMachine {
  machine: Machine
  effects: Record<string, Effect>
  /** Refuses input that can't be worked on, before a run exists; answers with its settled form (absolute paths …). */
  admit(input: { [key: string]: Json }): Promise<{ [key: string]: Json }>
  /** Absolute paths of files that decide what its effects do: its module, for a machine that does not ship, and programs that they run. */
  files?: string[]
  /** For a machine that does not ship: the digests of its module. A run records them, and continues only under them. */
  source?: SourceFile[]
  /** The name of the machine for `run start`. Its own name when left out. */
  reference?: string
  /** What a run of it needs of its host, where hosts share a store. Nothing but the machine when left out. */
  needs?(run: Pick<Run, 'mode' | 'input'>): Need[]
  /** For a machine that does not ship: saves the path of its module, right before its run is made, or refuses. */
  remember?(startedAt: string): Promise<void>
}

/** The readable reports of runs. They also prove, outside of the store, how far a run was. */
export interface Reports {
  /** The newest entry that is recorded outside of the store. Null when none is. */
  lastSeen(runId: string): Promise<HeadWitness | null>
  /**
   * Called after this process worked on a run: records its newest entry if it rests, before anybody is answered. Never throws.
   * `isChecked`: the record of the run was checked by that work.
   */
  atRest(runId: string, how: { isChecked: boolean }): Promise<void>
}

/** An effect as a machine names it: the id of its invoke. */
interface NamedEffect {
  runId: string
  machine: string
  effect: string
}

/** Why a live run may not write where hosts share a store, and what to do. */
export interface LiveObstacle {
  stopCode: 'STOP_POLICY_DIFFERS' | 'STOP_COMMITS_NOT_REPLICATED'
  why: string
  next: string
}

/** What the engine needs. Time, ids and the identity of the process are here, so that tests can set them. */
export interface EngineDeps {
  store: RunStore
  /**
   * Finds a machine by its name. A module of a user's own is loaded only if its source is the one that the run recorded; null where
   * a run is to be started. With `acceptsUpgrade` it is also loaded if its text names an upgrade of the run. That runs code which the run did
   * not record, so only what moves a run accepts it, or what was asked to.
   */
  installed(name: string, run: Run | null, acceptsUpgrade?: boolean): Promise<InstalledMachine>
  clock: Clock
  /** Random hex digits, `bytes` × 2 of them. */
  randomHex(bytes: number): string
  nonce(): string
  /** This process, as the claims of its effects name it. A command that claims nothing never calls it. */
  owner(): Owner
  ownerAlive(owner: Owner): boolean | 'unknown'
  osUser: string
  trust: Trust
  /** `reached` are the gates at which the run has arrived. The policy of `abandon` depends on them. */
  policy(machine: string, gate: string, reached?: string[]): ApprovalPolicy
  /** Reads the policy and trust files of a gate, to judge by them and to record them. Nothing is recorded when left out. */
  inForce?(machine: string, gate: string, reached?: string[]): Promise<PolicySnapshot>
  /**
   * Finds why the files that decide cannot be relied on in a live run. `machine` are the files of the machine: an operator who may not
   * appoint approvers may not change the approved machine either.
   */
  filesFault?(machine: string[]): FilesFault | null
  /** The operators: label → `uid:<n>`. Operators declare themselves when left out. */
  operators?: { [label: string]: string }
  /** The name of the token that the caller brought: it is the operator, whatever `operators` says. Left out where nobody brought one. */
  tokenName?: string
  /** Whether that token is the one of the home's owner, which proves the user id of this process. */
  isOwnersToken?: boolean
  /** How the call came in, where that says who it was; history entries name it. */
  through?: Through
  /** The user id of the process. Null where the system has none. */
  uid?: number | null
  /** Whether the config allows live writes at this moment. */
  allowLive(): Promise<boolean>
  /** Finds why no live run may work with the store of this host now. Left out where no other host has the store. */
  liveObstacle?(): Promise<LiveObstacle | null>
  /** What tells hosts apart that share a store. Left out where no other host has the store. */
  sharing?: {
    /** The home of this process. */
    home(): HomeIdentity
    /** Whether a run whose first entry names no home was started in this one, and moved into the store with the home’s other runs. */
    hasMoved(runId: string): boolean
    /** The needs that this host does not meet now, as words. */
    findUnmet(needs: Need[]): Promise<string[]>
  }
  caps: {
    runMinutes: number
    phaseMinutes: number
    /** Other minutes for phases, by their names. */
    phaseMinutesOf?: { [phase: string]: number } | undefined
    stopPhases?: boolean
    steps: number
  }
  /** How long an effect may ignore its signal before it is left behind, in milliseconds; 10 s when left out. */
  graceMs?: number
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Removed from everything that is saved. */
  secrets?: SecretRegistry
  /** Lets an effect begin when it is its turn. Left out: at once. The time until then is no working time. */
  turn?<Outcome extends { event: RunEvent }>(
    effect: () => Promise<Outcome>,
    named: NamedEffect,
  ): Promise<Outcome>
  /** Whether steps are shown to somebody when they are saved. Then each is on the disk first. */
  isFollowed?: boolean
  /** Called after each saved step, to show progress. */
  onStep?(run: Run, entry: HistoryEntry): void
  onProgress?(run: Run, text: string): void
  /** Called when an approval was saved, so that whoever waits for one need not ask for it. */
  onApprovalSaved?(): void
  /** Called when a run has closed, before its answer. Never throws, because the run is closed in any case. */
  onClosed?(run: Run): Promise<void>
  reports?: Reports
  /** The entries that the store has lost, as far as something outside of it shows them. */
  lostEntries?(): Promise<LostEntries[]>
  /** The runs that this process has checked. Left out, each load checks a complete record. */
  checked?: CheckedRuns
  /** False to skip the check of a run's complete record on load, so that steps can be measured without it. */
  checkRecords?: boolean
  /** Aborts when the operator interrupts. */
  interrupt: AbortSignal
}
