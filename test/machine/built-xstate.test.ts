import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  createMachine,
  initialTransition,
  transition,
} from 'xstate'
import { packageRoot } from '../../src/app/package-paths.ts'
import { byXState, identity, ways } from './chart-paths.ts'
import { cutMachine } from './drive-steps.ts'

/** XState is built with Object.assign where it spreads (src/node20/spread-by-assign.mjs): it must come to the same by it. */

const file = join(packageRoot(), 'dist', 'xstate.cjs')
const built = createRequire(import.meta.url)(file) as {
  createMachine: typeof createMachine
  initialTransition: typeof initialTransition
  transition: typeof transition
}
const { config, implementations } = cutMachine.logic as unknown as { config: never; implementations: never }
const machine = built.createMachine(config, implementations) as unknown as AnyStateMachine
const input = { runId: identity.runId, mode: identity.mode, input: identity.input }

describe('the built XState', () => {
  test('the built XState spreads objects by Object.assign alone', () => {
    const definitions = readFileSync(file, 'utf8').match(/__spread(Values|Props)\d*=[^,;}]+/g)!
    expect(definitions.length).toBeGreaterThan(1)
    expect(definitions.filter((text) => !text.endsWith('=Object.assign'))).toEqual([])
  })

  test.each(
    ways.map((events) => [events.map(({ type }) => type).join(' → ') || 'the start', events] as const),
  )('the built XState gives what the package gives: %s', (_, events) => {
    let [snapshot, actions] = built.initialTransition(machine, input as never) as [
      AnyMachineSnapshot,
      unknown[],
    ]
    for (const event of events)
      [snapshot, actions] = built.transition(machine, snapshot, event as never) as [
        AnyMachineSnapshot,
        unknown[],
      ]
    const theirs = byXState(events)
    expect(machine.getPersistedSnapshot(snapshot)).toEqual(
      cutMachine.logic.getPersistedSnapshot(theirs.snapshot),
    )
    const plain = (all: { type: string; params?: unknown }[]) =>
      all.map(({ type, params }) => [type, JSON.parse(JSON.stringify(params ?? null))])
    expect(plain(actions as never)).toEqual(plain(theirs.actions))
  })
})
