import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { makeEd25519Key } from '../../../src/approvals/openssh/ed25519-key.ts'
import type { Effect, EffectContext, FencingToken } from '../../../src/domain/effect.ts'
import { Stop } from '../../../src/domain/errors.ts'
import { digestOf } from '../../../src/domain/json.ts'
import { CheckedRuns } from '../../../src/engine/checked-runs.ts'
import { createEngine, type Engine } from '../../../src/engine/engine.ts'
import type { EngineDeps } from '../../../src/engine/engine-deps.ts'
import { chart, gated, planOf, success, work } from '../../../src/machine/chart.ts'
import { withGroupCommit } from '../../../src/store/group-commit.ts'
import type { BatchingStore } from '../../../src/store/run-store.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { aStoreFile } from '../../store/store-folders.ts'

/** Processes of two hosts with the real engine on one real store, a clock that a test moves, and writes that it holds back. */

export class Died extends Error {}

/** What a process may meet at its next work. */
export interface Fate {
  /** It dies once it has saved so many times. */
  diesAfter?: number | undefined
  /** Its next write waits until it is woken. */
  stalls?: boolean
}

export interface LivingProcess {
  deps: EngineDeps
  engine: Engine
  fate: Fate
  isDead: boolean
}

export const APPROVER = { as: 'alice@example.org', key: makeEd25519Key('alice') }

const CHART = chart({
  PLANNED: work('plan', 'AWAITING'),
  AWAITING: gated('SG1', { recheck: 'recheck', work: 'first', next: 'WRITTEN' }),
  WRITTEN: work('second', 'END'),
  END: success,
})
const any = { input: z.unknown(), output: z.unknown() }

export class SharedWorld {
  now = Date.parse('2026-03-01T09:00:00.000Z')
  /** How often each write was committed, by run and effect. */
  readonly commits = new Map<string, number>()
  readonly options = aStoreFile()
  /** The store as nobody's process has it, to look at. */
  readonly store: BatchingStore
  private readonly tokens = new Map<string, FencingToken>()
  private readonly opened: BatchingStore[] = []
  private sleeping: (() => void)[] = []
  private pids = 0
  private drawn = 0
  private readonly allowedSigners: string

  constructor(allowedSigners: string) {
    this.allowedSigners = allowedSigners
    this.store = openRunStore(this.options)
    this.opened.push(this.store)
  }

  newProcess(host: string): LivingProcess {
    const pid = ++this.pids
    const living = { fate: {}, isDead: false } as unknown as LivingProcess
    const owner = { id: `${host}-${pid}`, host, pid }
    const store = this.storeOf(living)
    this.living.set(owner.id, living)
    living.deps = {
      store: withGroupCommit(store, () => living.engine.activeRuns()),
      installed: async () => ({
        machine: MACHINE,
        effects: this.effectsOf(living),
        admit: async (input) => input,
      }),
      clock: { now: () => new Date(this.now++) },
      randomHex: (bytes) => (++this.drawn).toString(16).padStart(2 * bytes, '0'),
      nonce: () => `nonce-${++this.drawn}`,
      owner: () => owner,
      ownerAlive: (other) => {
        if (other.host !== host) return 'unknown'
        return this.living.get(other.id ?? '')?.isDead === false
      },
      osUser: 'uid:1001',
      trust: {
        allowedSigners: this.allowedSigners,
        tools: TRUSTED_TOOLS,
        read: (file: string) => readFile(file),
      } as never,
      policy: () => ({ validHours: 24 }),
      allowLive: async () => true,
      caps: { runMinutes: 600, phaseMinutes: 60, phaseMinutesOf: {}, stopPhases: false, steps: 500 },
      log: { info() {}, warn() {}, error() {} },
      checked: new CheckedRuns(),
      interrupt: new AbortController().signal,
    } as EngineDeps
    living.engine = createEngine(living.deps)
    return living
  }
  private readonly living = new Map<string, LivingProcess>()

  /** Lets all writes that wait continue. */
  wake(): void {
    for (const go of this.sleeping.splice(0)) go()
  }

  async close(): Promise<void> {
    for (const store of this.opened) await store.close()
  }

  /** The real driver on a connection of its own. Whoever is dead reaches nothing. */
  private storeOf(living: LivingProcess): BatchingStore {
    const plain = openRunStore(this.options)
    this.opened.push(plain)
    const call = async (method: string, given: unknown[]) => {
      if (living.isDead) throw new Died()
      const result = await (
        plain[method as keyof BatchingStore] as (...given: unknown[]) => Promise<unknown>
      )(...given)
      const isSave = method === 'create' || method === 'advance' || method === 'saveAll'
      if (isSave && living.fate.diesAfter !== undefined && --living.fate.diesAfter <= 0) {
        living.isDead = true
        throw new Died()
      }
      return result
    }
    return Object.fromEntries(
      Object.keys(plain).map((method) => [method, (...given: unknown[]) => call(method, given)]),
    ) as unknown as BatchingStore
  }

  private effectsOf(living: LivingProcess): Record<string, Effect> {
    const read = (name: string): Effect => ({
      ...any,
      name,
      kind: 'read',
      execute: async () => planOf('SG1', { world: 'as it is' }) as never,
    })
    return {
      plan: read('plan'),
      recheck: read('recheck'),
      first: this.write(living, 'first'),
      second: this.write(living, 'second'),
    }
  }

  private write(living: LivingProcess, name: string): Effect {
    const keyOf = ({ runId }: EffectContext) => `${runId} ${name}`
    return {
      ...any,
      name,
      kind: 'write',
      execute: async (context) => {
        if (living.fate.stalls) {
          living.fate = {}
          await new Promise<void>((go) => this.sleeping.push(go))
        }
        this.fence(keyOf(context), context.token)
        this.commits.set(keyOf(context), (this.commits.get(keyOf(context)) ?? 0) + 1)
        return { output: {} }
      },
      simulate: async () => ({ output: {} }),
      probe: async (context) => {
        this.fence(keyOf(context), context.token)
        return this.commits.has(keyOf(context))
          ? { outcome: 'committed', output: {} }
          : { outcome: 'not-committed' }
      },
    }
  }

  /** Refuses an attempt that a later one has overtaken. */
  private fence(key: string, token: FencingToken): void {
    const seen = this.tokens.get(key)
    if (
      seen !== undefined &&
      (token.seq < seen.seq || (token.seq === seen.seq && token.attempt < seen.attempt))
    )
      throw new Stop('STOP_FENCED', 'a later attempt was here')
    this.tokens.set(key, token)
  }
}

const MACHINE = {
  name: 'linear',
  version: '1',
  logic: CHART,
  input: z.object({}),
  runIdPrefix: 'lin',
  definitionDigest: digestOf('linear'),
}
