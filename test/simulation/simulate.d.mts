/** A schedule that fails, as numbers that repeat it. */
interface Failure {
  seed: number
  problem: string
  choices: number[]
  /** Fewer choices that fail too, and how. Absent where a lost update was put in. */
  shrunk?: number[]
  shrunkProblem?: string
}

interface Explored {
  tried: number
  steps: number
  /** The awaits that were reached, by their numbers. */
  reached: Set<number>
  failure: Failure | null
}

interface Task {
  seed: number
  schedules: number
  seconds: number
  /** The await at which an update is lost. */
  site?: number
  /** The choices of the only schedule. */
  given?: number[]
}

export function prepareSimulation(fault?: string): Promise<{
  /** The places of all awaits, `file:line`. */
  sites: string[]
  explore(task: Task, processes?: number): Promise<Explored>
  remove(): void
}>
