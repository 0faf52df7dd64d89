import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'
import { cut } from '../../machines/cut.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run, RunIdentity } from '../../src/domain/run.ts'
import type { Step } from '../../src/domain/step.ts'
import type { Machine } from '../../src/machine/define.ts'
import { eventStep, type StepFacts, startStep } from '../../src/machine/transition.ts'

/** Machines driven by the pure functions alone: no store, no engine. */

export const AT = '2026-03-01T09:00:00.000Z'

export const cutMachine: Machine = { ...cut, definitionDigest: digestOf('cut') }

export function aMachine(logic: AnyStateMachine, changes: Partial<Machine> = {}): Machine {
  return {
    name: 'tried',
    version: '1',
    logic,
    input: z.object({}),
    runIdPrefix: 'try',
    definitionDigest: digestOf('tried'),
    ...changes,
  }
}

export function anIdentity(machine: Machine, changes: Partial<RunIdentity> = {}): RunIdentity {
  return {
    runId: `${machine.runIdPrefix}-20260301T090000Z-ad3d0b97`,
    machine: machine.name,
    version: machine.version,
    definitionDigest: machine.definitionDigest,
    mode: 'dry-run',
    input: { document: 'ICX-CONST', source: '/home/charter.md', target: 'embedded' },
    startKey: null,
    startedBy: 'deploybot',
    osUser: 'uid:1001',
    startedAt: AT,
    ...changes,
  }
}

export const firstOf = (machine: Machine): Step =>
  startStep(machine, anIdentity(machine), { at: AT, by: 'engine' })

/** The facts that the engine passes with an outcome or a timer, from the event. */
export function factsOf({ type, actorId }: RunEvent): StepFacts {
  const facts = { at: AT, by: 'engine' }
  if (typeof actorId === 'string') return { ...facts, effectDone: actorId }
  return type.startsWith('xstate.after.') ? { ...facts, timerFired: type } : facts
}

export const nextOf = (machine: Machine, run: Run, event: RunEvent): Step =>
  eventStep(machine, run, event, factsOf(event))

/** The run as it comes out of a store: what only lived in the process is gone. */
export const stored = (run: Run): Run => JSON.parse(JSON.stringify(run))

/** All steps of a run through these events. */
export function stepsThrough(machine: Machine, events: RunEvent[]): Step[] {
  const steps = [firstOf(machine)]
  for (const event of events) steps.push(nextOf(machine, steps.at(-1)!.run, event))
  return steps
}
