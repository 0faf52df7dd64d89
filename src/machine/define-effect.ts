import { z } from 'zod'
import type { Effect, EffectContext, EffectResult, Probe } from '../domain/effect.ts'
import type { Facts } from './chart.ts'
import type { MachineDefinition } from './define.ts'

/** What a module of a user's own machine exports as `machine`: the definition and the effects that do its work. */
export interface MachineModule extends Omit<MachineDefinition, 'runIdPrefix'> {
  /** Left out: the machine's name. */
  runIdPrefix?: string
  effects: Effect[]
}

export const defineMachine = (machine: MachineModule): MachineModule => machine

const facts = z.record(z.string(), z.json())

interface Described<Input extends z.ZodType, Output extends z.ZodType> {
  name: string
  /** Picks what it names from the run's input, the facts so far and `planDigest`. */
  input: Input
  /** Left out: any facts. */
  output?: Output
  /** Its plans hold the texts of a document, in which anything may stand: their values are not looked at for secrets. */
  quotesDocument?: true
  execute(context: EffectContext, input: z.output<Input>): Promise<EffectResult<z.output<Output>>>
}

interface DescribedWrite<Input extends z.ZodType, Output extends z.ZodType> extends Described<Input, Output> {
  /** It leaves nothing behind, as a trial on a scratch folder: live it may also be done before an approval was used. */
  beforeApproval?: true
  simulate(context: EffectContext, input: z.output<Input>): Promise<EffectResult<z.output<Output>>>
  probe(context: EffectContext, input: z.output<Input>): Promise<Probe<z.output<Output>>>
}

/** An effect that only looks: it may run again after a crash. */
export function readEffect<Input extends z.ZodType, Output extends z.ZodType = z.ZodType<Facts>>(
  effect: Described<Input, Output>,
): Effect {
  return { kind: 'read', output: facts, ...effect } as unknown as Effect
}

/** An effect that changes the world: how it is done, how it is shown in a dry run, and how to tell whether it was done. */
export function writeEffect<Input extends z.ZodType, Output extends z.ZodType = z.ZodType<Facts>>(
  effect: DescribedWrite<Input, Output>,
): Effect {
  return { kind: 'write', output: facts, ...effect } as unknown as Effect
}
