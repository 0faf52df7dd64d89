import { type AnyMachineSnapshot, initialTransition, transition } from 'xstate'
import { getSimplePaths } from 'xstate/graph'
import type { CutterError } from '../../src/domain/errors.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { eventsOf, keyOf } from '../machines/explore-chart.ts'
import { anIdentity, cutMachine } from './drive-steps.ts'

const { logic } = cutMachine
export const identity = anIdentity(cutMachine)
const input = { runId: identity.runId, mode: identity.mode, input: identity.input }

/** Every simple path through the chart, by its events; every state is the end of at least one. */
export const ways: RunEvent[][] = (() => {
  const paths = getSimplePaths(logic, {
    input: input as never,
    events: ((snapshot: AnyMachineSnapshot) => eventsOf(snapshot)) as never,
    serializeState: (snapshot) => keyOf(snapshot as AnyMachineSnapshot),
  })
  return paths.map(({ steps }) => steps.slice(1).map(({ event }) => event as RunEvent))
})()

export const toGate = ways
  .filter((events) => events.at(-1)?.type === 'xstate.after.0.cut.GRANTS_PROBED')
  .sort((a, b) => a.length - b.length)[0]!
export const APPROVE = { type: 'APPROVE', approvalId: 'ap-1', approver: 'alice@example.org' }

/** What XState itself makes of these events, and which actions it would run last. */
export function byXState(events: RunEvent[]) {
  let [snapshot, actions] = initialTransition(logic, input) as [AnyMachineSnapshot, unknown[]]
  for (const event of events) {
    ;[snapshot, actions] = transition(logic, snapshot, event as never) as [AnyMachineSnapshot, unknown[]]
  }
  return { snapshot, actions: actions as { type: string; params: { [key: string]: unknown } }[] }
}

export const codeOf = (work: () => unknown): string | null => {
  try {
    work()
    return null
  } catch (error) {
    return (error as CutterError).code ?? String(error)
  }
}
