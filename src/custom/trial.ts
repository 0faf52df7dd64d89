import type { Json } from '../domain/json.ts'

/**
 * `cutter/testing` as authors import it: the types, and the one function. The function is declared here and defined in
 * service/machines/trial/test-machine.ts, so that the types of the package do not pull in those of the program.
 */

/** A world of one run: what the machine works on, such as files in a temporary folder. */
export interface TrialWorld {
  /** The input of the run, as `run start` takes it. */
  input: { [field: string]: Json }
  /** Reads what the machine changes. It is compared between a run that nobody disturbed and one that was killed. */
  read?(): Promise<Json> | Json
  /** Removes the world. */
  remove?(): Promise<void> | void
}

/** How to try a machine. */
export interface Trial {
  /** Makes a new world that nobody else uses. Live runs of the trial really write there. */
  world(): Promise<TrialWorld> | TrialWorld
  /** The most moments in the middle of one write at which its process is killed, each in a world of its own. 10 when left out; 0 for none. */
  moments?: number
}

/** A kill of the process, and how often the write was executed until its run closed. */
export interface TrialKill {
  write: string
  moment: 'before the write' | 'in the write' | 'after the write'
  /** In the write: which of its moments, counted from 1, and how many there are. */
  at?: number
  of?: number
  executed: number
  /** What the probe answered first after the kill. Null when nobody asked it. */
  probe: string | null
}

/** What a trial found. The machine keeps its word when `faults` is empty. */
export interface TrialReport {
  machine: string
  version: string
  /** The milestones of the dry run, in their order. */
  walked: string[]
  /** Milestones of the chart that no run of the trial reached. */
  notReached: string[]
  kills: TrialKill[]
  /** One sentence each. */
  faults: string[]
}

/**
 * Tries a machine: a dry run, live runs that nobody disturbs, and for each write runs that are killed before it, after it, and in its middle,
 * where a process of its own really dies. Each killed run is resumed with the module loaded again, and its result is compared. It uses a home
 * and a signing key of its own.
 * @param file path or URL of the module
 * @throws Error when the module cannot be used as a machine; its message says why
 */
export type TestMachine = (file: string | URL, trial: Trial) => Promise<TrialReport>

export declare const testMachine: TestMachine
