import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import type { Run } from '../../src/domain/run.ts'
import { closed, effect, gate, type RunContext, stopped } from '../../src/machine/define.ts'
import { type PredictedPhase, predictPath } from '../../src/machine/predict-path.ts'
import { startStep } from '../../src/machine/transition.ts'
import { approvalFor, aWorld, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'
import { AT, aMachine, anIdentity, cutMachine, stored } from './drive-steps.ts'

const APPROVE = { type: 'APPROVE', approvalId: 'ap-1', approver: 'alice@example.org' }

describe('predictPath of a cut', () => {
  let world: World
  afterEach(() => world.store.close())
  afterAll(removeFolders)

  const approve = async (run: Run) =>
    world.engine.resume(run.runId, { approvalId: (await approvalFor(world, run)).approvalId })
  /** Where the run really stands after each step of a task, but for records. */
  async function walked(task: () => Promise<Run>): Promise<PredictedPhase[]> {
    const way: PredictedPhase[] = []
    world.parts.onStep = ({ state, phase, status }) => void way.push({ state, phase, status })
    await task()
    return way
  }

  test('predictPath predicts the phases that a cut then goes through, from gate to gate and to its end', async () => {
    world = aWorld(succeeds)
    const atSG1 = await start(world)
    const toSG2 = predictPath(cutMachine, stored(atSG1), APPROVE)
    expect(await walked(() => approve(atSG1))).toEqual(toSG2)
    expect(toSG2.map(({ state, phase }) => [state, phase])).toEqual([
      ['AWAITING_CUT_AUTHORIZATION', 'recheck_cut'],
      ['AWAITING_CUT_AUTHORIZATION', 'cut_leg_a'],
      ['CUT_LEG_A_COMMITTED', 'structural_verify'],
      ['STRUCTURAL_VERIFIED', 'leg_b_record'],
      ['LEG_B_RECORDED', 'write_verify'],
      ['WRITE_VERIFIED', null],
      ['AWAITING_LIFECYCLE_AUTHORIZATION', null],
    ])
    expect(toSG2.at(-1)?.status).toBe('paused')

    const atSG2 = (await world.store.run(atSG1.runId))!
    const toTheEnd = predictPath(cutMachine, atSG2, APPROVE)
    expect(await walked(() => approve(atSG2))).toEqual(toTheEnd)
    expect(toTheEnd.at(-1)).toEqual({ state: 'CLOSEOUT_REPORTED', phase: null, status: 'closed' })
  })

  test('predictPath predicts the phases after a retry and after a rejection', async () => {
    let broken = true
    world = aWorld((name) => (broken && name === 'cutplan' ? failure(name) : succeeds(name)))
    const run = await start(world)
    const ahead = predictPath(cutMachine, stored(run), { type: 'RETRY' })
    broken = false
    expect(await walked(() => world.engine.resume(run.runId, {}))).toEqual(ahead)
    const waits = (await world.store.run(run.runId))!
    expect(predictPath(cutMachine, waits, { ...APPROVE, type: 'REJECT' })).toEqual([
      { state: 'AWAITING_CUT_AUTHORIZATION', phase: null, status: 'closed' },
    ])
  })

  test('predictPath changes nothing, repeats its answer, and is empty for an event that the run refuses', async () => {
    world = aWorld(succeeds)
    const run = stored(await start(world))
    const before = stored(run)
    expect(predictPath(cutMachine, run, APPROVE)).toEqual(predictPath(cutMachine, run, APPROVE))
    expect(predictPath(cutMachine, run, { type: 'RETRY' })).toEqual([])
    expect(run).toEqual(before)
    expect(await world.store.run(run.runId)).toEqual(before)
  })
})

describe('predictPath of a chart that needs real facts', () => {
  const context: RunContext = { output: {}, planDigest: null, stop: null, approvalId: null }
  const chart = (then: object) =>
    aMachine(
      setup({
        types: { context: {} as RunContext },
        actors: { look: effect<{ host: { name: string } }, null>() },
        actions: {
          take: assign({ approvalId: 'ap-1' }),
          learn: assign({
            output: ({ event }) => ({
              host: (event as unknown as { output: { host: { name: string } } }).output.host.name,
            }),
          }),
        },
      }).createMachine({
        context,
        initial: 'ASKED',
        states: {
          ASKED: { meta: gate('SG1'), on: { APPROVE: { target: 'LOOKED', actions: 'take' } } },
          LOOKED: then,
          DONE: { type: 'final', meta: closed('succeeded') },
          STOPPED: { meta: stopped },
        },
      } as never) as never,
    )
  const ahead = (then: object) => {
    const machine = chart(then)
    return predictPath(
      machine,
      startStep(machine, anIdentity(machine), { at: AT, by: 'engine' }).run,
      APPROVE,
    )
  }

  test('predictPath ends without an error where a chart needs the real output of an effect', () => {
    const invoke = { id: 'look', src: 'look', onDone: { target: 'DONE', actions: 'learn' } }
    expect(ahead({ invoke })).toEqual([{ state: 'LOOKED', phase: 'look', status: 'working' }])
  })

  test('predictPath does not wait for timers and ends where a chart repeats itself', () => {
    expect(ahead({ after: { 3600000: 'DONE' } }).map(({ state }) => state)).toEqual(['LOOKED', 'DONE'])
    const again = { invoke: { id: 'look', src: 'look', onDone: { target: 'LOOKED', reenter: true } } }
    expect(ahead(again)).toEqual([{ state: 'LOOKED', phase: 'look', status: 'working' }])
  })
})
