import { expect } from 'vitest'
import { z } from 'zod'
import type { Decision } from '../../src/domain/approval.ts'
import type { Effect, EffectResult } from '../../src/domain/effect.ts'
import { Stop } from '../../src/domain/errors.ts'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { cutEffects } from '../../src/effects/cut/index.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { cutMachine } from '../machine/drive-steps.ts'
import { aStoreFile } from '../store/store-folders.ts'
import { success } from './explore-chart.ts'

/**
 * The real engine and the real store with the cut chart, and effects whose outcomes a test sets. A crashing engine ends right after each
 * saved step: the store is closed, nothing stays in memory, and the next life is another process.
 */

export class Died extends Error {}

export interface World {
  engine: Engine
  parts: EngineDeps
  store: RunStore
  /** The store's file. */
  file: string
  /** Ends this life, if it has not ended, and begins another one on the same file. */
  reopen(): Promise<World>
}

/** What the next effect of a name comes to: the outcome event that is to follow. */
export type Script = (name: string) => RunEvent

export const succeeds: Script = (name) => {
  const rechecked = { recheck_cut: 'cut plan', recheck_lifecycle: 'lifecycle plan' }[name]
  return rechecked === undefined ? success(name) : success(name, { planDigest: digestOf(rechecked) })
}

/** How a world differs from the plain one: its process may end at each step, its engine may be made of other parts. */
interface Otherwise {
  mortal?: boolean
  parts?: Partial<EngineDeps>
  /** Where the store lies; left out: in a folder of its own. */
  file?: string
}

export function aWorld(
  script: Script,
  { mortal = false, parts: changes = {}, ...given }: Otherwise = {},
): World {
  const options = { ...aStoreFile(), ...given }
  let ticks = 0
  return life(1)

  function life(pid: number): World {
    const plain = openRunStore(options)
    let open = true
    const close = async () => {
      if (open) await plain.close()
      open = false
    }
    const dies =
      <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
      async (...given: Given): Promise<Result> => {
        await work(...given)
        await close()
        throw new Died()
      }
    const store: RunStore = mortal
      ? { ...plain, close, create: dies(plain.create), advance: dies(plain.advance) }
      : { ...plain, close }
    const effects = stubs(script)
    const parts: EngineDeps = {
      store,
      installed: async () => ({ machine: cutMachine, effects, admit: async (input) => input }),
      clock: { now: () => new Date(Date.parse('2026-03-01T09:00:00.000Z') + 10 * ++ticks) },
      randomHex: (bytes) => '01'.repeat(bytes),
      nonce: () => `nonce-${++ticks}`,
      owner: () => ({ id: String(pid), host: 'here', pid }),
      ownerAlive: (owner) => owner.pid === pid,
      osUser: 'uid:1001',
      trust: { allowedSigners: '/nowhere/allowed_signers' },
      policy: () => ({ validHours: 24 }),
      allowLive: async () => false,
      caps: { runMinutes: 60, phaseMinutes: 10, steps: 10_000 },
      log: { info() {}, warn() {}, error() {} },
      interrupt: new AbortController().signal,
      ...changes,
    }
    const reopen = async () => {
      await close()
      return life(pid + 1)
    }
    return { engine: createEngine(parts), parts, store, file: options.file, reopen }
  }
}

/** The plans whose digests scripts name. */
const PLANS = ['cut plan', 'lifecycle plan', 'another plan', 'a plan for another world']

/** An effect for each one that really exists, of the same kind. */
function stubs(script: Script): Record<string, Effect> {
  const names = Object.entries(cutEffects({} as never))
  return Object.fromEntries(
    names.map(([name, { kind }]) => {
      const run = async (): Promise<EffectResult<unknown>> => {
        const { output, error } = script(name) as {
          output?: Json
          error?: { code: 'STOP_DRIFT'; message: string }
        }
        if (error !== undefined) throw new Stop(error.code, error.message)
        const digest = (output as { planDigest?: string }).planDigest
        const plan = PLANS.find((text) => digestOf(text) === digest)
        const gate = /lifecycle|write_verify/.test(name) ? 'SG2' : 'SG1'
        return { output, evidence: plan === undefined ? [] : [jsonEvidence(`plan/${gate}`, plan)] }
      }
      const base = { name, input: z.unknown(), output: z.unknown(), execute: run }
      const probe = async () => ({ outcome: 'not-committed' as const })
      return [name, kind === 'read' ? { ...base, kind } : { ...base, kind, simulate: run, probe }]
    }),
  )
}

export const INPUT = { document: 'ICX-CONST', source: '/home/charter.md', target: 'embedded' }
export const start = ({ engine }: World): Promise<Run> => engine.start('cut', INPUT, { mode: 'dry-run' })

export async function approvalFor({ parts }: World, run: Run, decision: Decision = 'approve') {
  return rehearseApproval(parts, run.runId, { as: 'alice@example.org', decision, reason: 'read and agreed' })
}

/** The only run of a world, as its store has it. */
export async function theRun({ store }: World): Promise<Run> {
  const [run, ...others] = await store.list({ limit: 2 })
  expect(others).toEqual([])
  return run!
}
