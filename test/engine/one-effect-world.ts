import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'
import type { Effect, EffectContext, Probe } from '../../src/domain/effect.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { effect } from '../../src/machine/define.ts'
import { aMachine } from '../machine/drive-steps.ts'
import { aWorld, succeeds, type World } from '../machines/crashing-engine.ts'

export type Job = (signal: AbortSignal, context: EffectContext) => Promise<object | undefined>

interface JobOptions {
  kind?: Effect['kind']
  timeoutSeconds?: number
  /** Left out: never committed. */
  probe?(): Promise<Probe<unknown>>
  file?: string
}

const NEVER = async () => ({ outcome: 'not-committed' as const })

/** A world of one chart, whose effect `job` does what the test gives. */
export function worldOf(
  logic: AnyStateMachine,
  job: Job,
  parts: Partial<EngineDeps> = {},
  { kind = 'read', probe = NEVER, timeoutSeconds, ...store }: JobOptions = {},
): World {
  const machine = aMachine(logic.provide({ actors: { job: effect() } }), {
    definitionDigest: digestOf('timed'),
  })
  const limit = timeoutSeconds === undefined ? {} : { timeoutSeconds }
  const base = { name: 'job', input: z.unknown(), output: z.unknown(), ...limit }
  const execute = async (context: EffectContext) => ({
    output: (await job(context.signal, context)) ?? {},
  })
  // The charts here have no gates: their writes need no approval.
  const beforeApproval = true
  const effects = { job: { ...base, kind, beforeApproval, execute, simulate: execute, probe } as Effect }
  const own = { installed: async () => ({ machine, effects, admit: async (input: never) => input }) }
  // Getters stay getters, so that each process reads them again.
  return aWorld(succeeds, {
    ...store,
    parts: Object.defineProperties(own, Object.getOwnPropertyDescriptors(parts)) as Partial<EngineDeps>,
  })
}
