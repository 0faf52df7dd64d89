import type { Choices } from './choices.ts'

/** A process of the simulated world. */
export interface Process {
  id: string
  pid: number
  host: string
  /** How far its clock is from the time of the world, in milliseconds. */
  skewMs: number
  isDead: boolean
  /** It does nothing before this time of the world. */
  stalledUntil: number
}

/** Something that the simulation found: an invariant that does not hold. */
export class Violation extends Error {}

interface Ready {
  process: Process
  resume(): void
}

interface Timer {
  at: number
  /** Null for what the world does by itself. */
  process: Process | null
  act(): void
}

/** Asked from a microtask, Node calls back once no microtask is left. A turn of its event loop would do the same, and take four times as long. */
const microtasksDone = () => new Promise<void>((resolve) => process.nextTick(resolve))

/** A schedule that takes more steps than this does not end. */
const MOST_STEPS = 20_000

/** The start of the time of the world: 2026-03-01T09:00:00Z. */
const START = Date.UTC(2026, 2, 1, 9)

/** A lost update that is put at one await: who resumes there writes what it read before. */
export interface PlantedRace {
  site: number
  value: number
  updates: number
}

/**
 * Decides at each await who continues. Everything else waits, so that a schedule depends on its choices alone. Its time passes only when nobody
 * can work, and a little with each step.
 */
export class Scheduler {
  now = START
  steps = 0
  current: Process | null = null
  /** Whether nobody else is there who could continue at an await. */
  isQuiet = false
  readonly race: PlantedRace | null
  /** The awaits that were reached. */
  readonly reached = new Set<number>()
  private ready: Ready[] = []
  private timers: Timer[] = []
  private readonly choices: Choices
  /** How often somebody else continues. */
  private readonly switching: number
  private readonly beforeStep: (step: number) => boolean

  constructor(choices: Choices, beforeStep: (step: number) => boolean, race: PlantedRace | null = null) {
    this.choices = choices
    this.switching = [0.02, 0.2, 0.6, 0.9][choices.below(4)]!
    this.beforeStep = beforeStep
    this.race = race
  }

  /** What an `await` of the sources awaits: the value, once it is there and the scheduler has chosen this process. */
  await<Value>(site: number, value: Value | PromiseLike<Value>): Value | PromiseLike<Value> {
    const process = this.current
    if (process === null || this.isQuiet) return value
    this.reached.add(site)
    const { race } = this
    const read = race?.site === site ? race.value : null
    return new Promise<Value>((resolve, reject) => {
      const park = (settle: () => void) =>
        this.ready.push({
          process,
          resume: () => {
            if (read !== null) {
              race!.value = read + 1
              race!.updates++
            }
            settle()
          },
        })
      Promise.resolve(value).then(
        (result) => park(() => resolve(result)),
        (error) => park(() => reject(error)),
      )
    })
  }

  /** Gives others a turn. */
  async pause(): Promise<void> {
    await this.await(-1, undefined)
  }

  /** Calls back after a time of the world, in milliseconds. */
  after(ms: number, act: () => void, process = this.current): Timer {
    const timer = { at: this.now + Math.max(0, ms), process, act }
    this.timers.push(timer)
    return timer
  }

  cancel(timer: Timer | undefined): void {
    this.timers = this.timers.filter((one) => one !== timer)
  }

  /** Lets a process begin something. */
  begin(process: Process, work: () => Promise<void>): void {
    const before = this.current
    this.current = process
    void work()
    this.current = before
  }

  /** Lets all work until `isDone`. @throws Violation when nothing can continue, or there is no end */
  async run(isDone: () => boolean): Promise<void> {
    await null
    for (;;) {
      await microtasksDone()
      this.current = null
      if (isDone()) return
      if (++this.steps > MOST_STEPS) throw new Violation(`after ${MOST_STEPS} steps there is no end`)
      this.now++
      // What begins then is ready after a turn.
      if (this.beforeStep(this.steps)) continue
      this.ready = this.ready.filter(({ process }) => !process.isDead)
      const able = this.ready.filter(({ process }) => process.stalledUntil <= this.now)
      if (able.length === 0) this.passTime()
      else this.resumeOne(able)
    }
  }

  private resumeOne(able: Ready[]): void {
    const chosen = able[able.length === 1 ? 0 : this.choices.rarely(this.switching, able.length)]!
    // Who worked last comes first the next time.
    this.ready = this.ready.filter((one) => one !== chosen)
    const own = this.ready.filter(({ process }) => process === chosen.process)
    this.ready = [...own, ...this.ready.filter(({ process }) => process !== chosen.process)]
    this.current = chosen.process
    chosen.resume()
  }

  /** Passes the time until something is due, and does it. */
  private passTime(): void {
    this.timers = this.timers.filter(({ process }) => process?.isDead !== true)
    const dueAt = ({ at, process }: Timer) => Math.max(at, process?.stalledUntil ?? 0)
    const ends = this.ready.map(({ process }) => process.stalledUntil)
    const next = Math.min(...ends, ...this.timers.map(dueAt))
    if (next === Number.POSITIVE_INFINITY) throw new Violation('nobody can continue, and nothing is due')
    this.now = Math.max(this.now, next)
    const due = this.timers.find((timer) => dueAt(timer) <= this.now)
    if (due === undefined) return
    this.cancel(due)
    this.current = due.process
    due.act()
  }
}

let inForce: Scheduler | null = null

/** The scheduler of this moment, for the names of Node that the sources use. Null between schedules. */
export const scheduler = (): Scheduler | null => inForce

export function setScheduler(next: Scheduler | null): void {
  inForce = next
}
