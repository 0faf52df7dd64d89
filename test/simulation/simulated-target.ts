import type { EffectContext, FencingToken, Probe, WriteEffect } from '../../src/domain/effect.ts'
import { OutcomeUnknown, Stop } from '../../src/domain/errors.ts'
import type { Choices } from './choices.ts'
import type { Scheduler } from './scheduler.ts'

/** What a target does with a write. The first one is what a healthy target does. */
const WAYS = ['commits', 'stops', 'fails', 'commits-and-fails', 'commits-late', 'never-answers'] as const

interface InFlight {
  /** Run and effect. */
  key: string
  token: FencingToken
  /** Called when it has ended, committed or not. */
  ended: (() => void)[]
}

const isLower = (a: FencingToken, b: FencingToken) =>
  a.seq < b.seq || (a.seq === b.seq && a.attempt < b.attempt)

/**
 * A target that keeps the contract of docs/guarantees.md: it refuses tokens lower than the highest that it has seen, and a probe takes the lock of
 * the write first. It may commit late, fail after it has committed, or never answer. Without fences it is the target of a version that had none.
 */
export class SimulatedTarget {
  /** How often a write was committed, by run and effect. */
  readonly commits = new Map<string, number>()
  /** Whether anything may still fail. */
  isHealthy = false
  private readonly highest = new Map<string, FencingToken>()
  private inFlight: InFlight[] = []
  private readonly scheduler: Scheduler
  private readonly choices: Choices
  private readonly hasFences: boolean

  constructor(scheduler: Scheduler, choices: Choices, { hasFences }: { hasFences: boolean }) {
    this.scheduler = scheduler
    this.choices = choices
    this.hasFences = hasFences
  }

  committed = (run: string, effect: string): number => this.commits.get(`${run} ${effect}`) ?? 0

  /** A write of a machine on this target. */
  write(name: string, parts: Pick<WriteEffect, 'input' | 'output'>): WriteEffect {
    return {
      ...parts,
      name,
      kind: 'write',
      execute: async (context) => {
        await this.execute(`${context.runId} ${name}`, context)
        return { output: {} }
      },
      simulate: async () => {
        await this.scheduler.pause()
        return { output: {} }
      },
      probe: (context) => this.probe(`${context.runId} ${name}`, context),
    }
  }

  private async execute(key: string, { token, signal }: EffectContext): Promise<void> {
    await this.scheduler.pause()
    const way = WAYS[this.isHealthy ? 0 : this.choices.rarely(0.35, WAYS.length)]!
    if (way === 'stops') throw new Stop('STOP_DRIFT', 'the world is another one')
    if (way === 'fails') throw new Error('no connection')
    this.assertNotFenced(key, token)
    const isLate = way === 'commits-late' || way === 'never-answers'
    const ms = isLate ? 1 + 20_000 * this.choices.below(12) : 1 + this.choices.below(4)
    const sent: InFlight = { key, token, ended: [] }
    this.inFlight.push(sent)
    const answer = new Promise<void>((resolve) => sent.ended.push(resolve))
    // What was sent is the target's, whether or not the process that sent it lives.
    this.scheduler.after(ms, () => this.end(sent, way !== 'never-answers'), null)
    if (way === 'commits-late' && this.choices.below(2) === 0)
      throw new OutcomeUnknown('the connection was lost')
    if (isLate) await this.untilAborted(signal)
    else await this.scheduler.await(-2, answer)
    if (way !== 'commits') throw new OutcomeUnknown('the connection was lost')
  }

  private end(sent: InFlight, commits: boolean): void {
    this.inFlight = this.inFlight.filter((one) => one !== sent)
    const { key, token } = sent
    if (commits && !this.isFenced(key, token)) this.commits.set(key, (this.commits.get(key) ?? 0) + 1)
    for (const act of sent.ended) act()
  }

  /** Ends at once, or after the grace time of the engine, in which case it is left behind. */
  private async untilAborted(signal: AbortSignal): Promise<void> {
    const ignoresFor = 20_000 * this.choices.rarely(0.3, 3)
    await this.scheduler.await(
      -3,
      new Promise<void>((resolve) => {
        const { current } = this.scheduler
        const end = () => void this.scheduler.after(ignoresFor, resolve, current)
        if (signal.aborted) end()
        else signal.addEventListener('abort', end, { once: true })
      }),
    )
  }

  private async probe(key: string, { token, signal }: EffectContext): Promise<Probe<unknown>> {
    await this.scheduler.pause()
    const way = this.isHealthy ? 0 : this.choices.rarely(0.2, 3)
    if (way === 1) throw new Error('no connection')
    if (way === 2) return { outcome: 'unknown', why: 'half of it is there' }
    this.assertNotFenced(key, token)
    if (this.hasFences) this.highest.set(key, token)
    const locked = this.inFlight.filter((sent) => sent.key === key && this.hasFences)
    await this.scheduler.await(
      -4,
      Promise.race([
        Promise.all(locked.map(({ ended }) => new Promise<void>((resolve) => ended.push(resolve)))),
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('no answer')), { once: true })
        }),
      ]),
    )
    this.assertNotFenced(key, token)
    return this.commits.has(key) ? { outcome: 'committed', output: {} } : { outcome: 'not-committed' }
  }

  private isFenced(key: string, token: FencingToken): boolean {
    const seen = this.highest.get(key)
    return this.hasFences && seen !== undefined && isLower(token, seen)
  }

  private assertNotFenced(key: string, token: FencingToken): void {
    if (this.isFenced(key, token)) throw new Stop('STOP_FENCED', 'a later attempt was here')
    if (this.hasFences) this.highest.set(key, token)
  }
}
