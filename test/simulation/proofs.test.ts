import { afterEach, describe, expect, test } from 'vitest'
import { REINTRODUCED } from './reintroduced-faults.mjs'
import { prepareSimulation } from './simulate.mjs'

/** That the simulation can find things: faults that earlier versions had, and a lost update at any await. */

let simulation: Awaited<ReturnType<typeof prepareSimulation>>
afterEach(() => simulation.remove())

const SEED = Math.floor(Date.now() / 86_400_000)

test('a seed is always the same schedule, and its choices repeat it', async () => {
  simulation = await prepareSimulation('timers over writes')
  const [one, other] = [
    await simulation.explore({ seed: 3, schedules: 1000, seconds: 300 }, 1),
    await simulation.explore({ seed: 3, schedules: 1000, seconds: 300 }, 1),
  ]
  expect(one.failure).not.toBeNull()
  expect(other).toEqual(one)
  const { shrunk, shrunkProblem, choices } = one.failure!
  expect(shrunk!.length).toBeLessThan(choices.length)
  const again = await simulation.explore({ seed: 1, schedules: 1, seconds: 300, given: shrunk! }, 1)
  expect(again.failure).toMatchObject({ problem: shrunkProblem })
}, 600_000)

describe('a fault of an earlier version', () => {
  test.each(Object.keys(REINTRODUCED))(
    '%s is found',
    async (fault) => {
      simulation = await prepareSimulation(fault)
      // Some 100 schedules find it, a few seconds where nothing else runs.
      const { failure } = await simulation.explore({ seed: SEED * 1000, schedules: 5000, seconds: 300 })
      expect(failure).toMatchObject({ problem: expect.stringMatching(/committed|says|unsettled/) })
    },
    600_000,
  )
})

test('a lost update at an await is found, whichever await it is', async () => {
  simulation = await prepareSimulation()
  const { reached } = await simulation.explore({ seed: SEED, schedules: 20, seconds: 300 })
  const sites = [...reached].toSorted((a, b) => a - b)
  expect(sites.length).toBeGreaterThan(100)
  for (const n of [1, 2, 3]) {
    const site = sites[(SEED * n * 7919) % sites.length]!
    const { failure } = await simulation.explore({ seed: SEED, schedules: 5000, seconds: 120, site })
    expect(failure, simulation.sites[site]).toMatchObject({ problem: 'an update was lost' })
  }
}, 900_000)
