/** The package `cutter` as modules of users' machines import it. */
export type { Approval } from '../domain/approval.ts'
export type {
  Effect,
  EffectContext,
  EffectResult,
  Probe,
  ReadEffect,
  WriteEffect,
} from '../domain/effect.ts'
export { Stop, type StopFacts } from '../domain/errors.ts'
export { bytesEvidence, type Evidence, jsonEvidence } from '../domain/evidence.ts'
export { canonicalJson, digestOf, digestOfBytes, type Json } from '../domain/json.ts'
export type { Mode, Outcome } from '../domain/run.ts'
export type { StopCode } from '../domain/stop-codes.ts'
export { chart, type Facts, gated, success, work } from '../machine/chart.ts'
export {
  closed,
  type DecisionEvent,
  defineMachine,
  effect,
  gate,
  type MachineDefinition,
  type MachineInput,
  type MachineModule,
  type RunContext,
  rechecks,
  type StoredSnapshot,
  stopped,
  type Upgrade,
} from '../machine/define.ts'
export { readEffect, writeEffect } from './located-effects.ts'
export { planOf } from './plan-of.ts'
