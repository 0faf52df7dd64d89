import type { Logger } from 'pino'
import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import type { FilesFault } from '../approvals/file-permissions.ts'
import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import type { Trust } from '../approvals/trust-files.ts'
import type { Clock } from '../domain/clock.ts'
import type { Effect, Owner } from '../domain/effect.ts'
import type { HeadWitness } from '../domain/head-witness.ts'
import type { Json } from '../domain/json.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import type { Machine } from '../machine/define.ts'
import type { SecretRegistry } from '../secrets/redaction.ts'
import type { RunStore } from '../store/run-store.ts'

/** A machine with the effects that do its work. */
export interface InstalledMachine {
  machine: Machine
  effects: Record<string, Effect>
  /** Refuses input that can't be worked on, before a run exists; answers with its settled form (absolute paths …). */
  admit(input: { [key: string]: Json }): Promise<{ [key: string]: Json }>
  /** Absolute paths of the files that it is made of, for a machine that doesn't ship. */
  files?: string[]
  /** What `run start` calls it; left out: its name. */
  reference?: string
  /** For a machine that doesn't ship: keeps where it lies, right before its run is made, or refuses. */
  remember?(startedAt: string): Promise<void>
}

/** Where runs are reported, for people; and so a witness outside of the store of how far a run was. */
export interface Reports {
  /** Null when there are none of the run. */
  lastSeen(runId: string): Promise<HeadWitness | null>
  /** Called whenever a run was in hand: writes its reports if it rests. Never throws. */
  atRest(runId: string): Promise<void>
}

/** What the engine is made of. Time, ids, the process's identity and the world come in here, so that tests can set them. */
export interface EngineDeps {
  store: RunStore
  installed(name: string): Promise<InstalledMachine>
  clock: Clock
  /** Random hex digits, `bytes` × 2 of them. */
  randomHex(bytes: number): string
  nonce(): string
  owner: Owner
  ownerAlive(owner: Owner): boolean | 'unknown'
  osUser: string
  trust: Trust
  policy(machine: string, gate: string): ApprovalPolicy
  /** What is in force at a gate, to be judged by and recorded; without it nothing of it is recorded. */
  inForce?(machine: string, gate: string): Promise<PolicySnapshot>
  /**
   * Why the files that decide can't be relied on in a live run, or null. Those that a machine is made of were looked at before it was
   * loaded; where operators may not appoint approvers, neither may they change what was approved.
   */
  filesFault?(machine: string[]): FilesFault | null
  /** Who may operate: label → `uid:<n>`. Without it operators declare themselves. */
  operators?: { [label: string]: string }
  /** The process's user id; null where the system has none. */
  uid?: number | null
  allowLive: boolean
  caps: { runMinutes: number; phaseMinutes: number }
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Taken out of whatever is saved; left out where there are none, as in a bench. */
  secrets?: SecretRegistry
  /** Called after each saved step; for people who watch. */
  onStep?(run: Run, entry: HistoryEntry): void
  onProgress?(run: Run, text: string): void
  /** Called once a run has closed and before its answer; never throws, since the run is closed whatever comes of this. */
  onClosed?(run: Run): Promise<void>
  reports?: Reports
  /** False where a run that is taken up is held against its newest entry alone: for measuring steps without it. */
  checkRecords?: boolean
  /** Aborts when the operator interrupts. */
  interrupt: AbortSignal
}
