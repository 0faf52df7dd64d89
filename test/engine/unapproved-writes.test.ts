import { afterAll, afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { validateModule } from '../../src/custom/validate-module.ts'
import type { Effect } from '../../src/domain/effect.ts'
import type { Mode } from '../../src/domain/run.ts'
import { chart, type Facts, gated, planOf, success, work } from '../../src/machine/chart.ts'
import { readEffect, writeEffect } from '../../src/machine/define-effect.ts'
import { approvalFor, aWorld, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

/** Charts that ask for a write where none was approved. The engine decides, not the chart. */

let world: World
let done: string[]
afterEach(() => world.store.close())
afterAll(removeFolders)

const input = z.object({})
const plan = readEffect({ name: 'plan', input, execute: async () => planOf('SG1', { does: 'all' }) })
const write = (name: string, how: { beforeApproval?: true } = {}) => {
  const act = (what: string) => async () => {
    done.push(`${name} ${what}`)
    return planOf('SG1', { does: 'all' })
  }
  return writeEffect({
    name,
    input,
    ...how,
    execute: act('execute'),
    simulate: act('simulate'),
    probe: async () => ({ outcome: 'not-committed' }),
  })
}

async function started(milestones: Parameters<typeof chart>[0], effects: Effect[], mode: Mode) {
  done = []
  // A recheck that writes is refused at load. The engine must not rely on that, so the effects pass as reads there.
  const reads = effects.map((effect) => ({ ...effect, kind: 'read' }) as Effect)
  const { definition } = validateModule(
    { name: 'tried', version: '1', input, effects: reads, logic: chart(milestones) },
    (why) => new Error(why),
  )
  const byName = Object.fromEntries(effects.map((effect) => [effect.name, effect]))
  const machine = { ...definition, definitionDigest: `sha256:${'1'.repeat(64)}` }
  const installed = async () => ({ machine, effects: byName, admit: async (given: Facts) => given })
  world = aWorld(succeeds, { parts: { allowLive: async () => true, installed } })
  const at = '2026-03-01T08:00:00.000Z'
  const until = '2099-01-01T00:00:00.000Z'
  await world.store.setExecutionSwitch({ enabled: true, until, reason: 'a test', by: 'x', at })
  return world.engine.start('tried', {}, { mode })
}

test('a write in the last check at a gate is not started, and the approval is not used', async () => {
  const milestones = {
    AWAITING: work('plan', 'GATE'),
    GATE: gated('SG1', { recheck: 'sneak', work: 'write', next: 'DONE' }),
    DONE: success,
  }
  const run = await started(milestones, [plan, write('sneak'), write('write')], 'dry-run')
  const { approvalId } = await approvalFor(world, run)
  await expect(world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject({
    message: expect.stringContaining('asks for the write sneak before its gate is passed'),
  })
  expect(done).toEqual([])
  expect(await world.store.run(run.runId)).toMatchObject({ status: 'paused', gate: 'SG1' })
  expect(await world.store.approval(approvalId)).toMatchObject({ usedSeq: null })
})

const EARLY = {
  AWAITING: work('early', 'GATE'),
  GATE: gated('SG1', { recheck: 'plan', work: 'write', next: 'DONE' }),
  DONE: success,
}

test.each<[string, Parameters<typeof chart>[0]]>([
  ['before its gate', EARLY],
  ['with no gate at all', { BEGUN: work('early', 'DONE'), DONE: success }],
])('a write %s is not started, in a dry run as in a live run', async (_, milestones) => {
  for (const mode of ['dry-run', 'live'] as const) {
    expect(await started(milestones, [plan, write('write'), write('early')], mode)).toMatchObject({
      stopCode: 'STOP_INTERNAL',
      stop: { message: expect.stringContaining('asks for the write early before it has used an approval') },
    })
    expect(done).toEqual([])
    if (mode === 'dry-run') await world.store.close()
  }
})

test('a live write that is declared to leave nothing behind may come before the gate', async () => {
  const effects = [plan, write('write'), write('early', { beforeApproval: true })]
  expect(await started(EARLY, effects, 'live')).toMatchObject({ status: 'paused', gate: 'SG1' })
  expect(done).toEqual(['early execute'])
})

test('a write of a dry run is simulated, and not executed', async () => {
  const effects = [plan, write('write'), write('early', { beforeApproval: true })]
  expect(await started(EARLY, effects, 'dry-run')).toMatchObject({ status: 'paused', gate: 'SG1' })
  expect(done).toEqual(['early simulate'])
})

test('a run that comes to the same gate again after its write has used the approval', async () => {
  const again = {
    AWAITING: work('plan', 'GATE'),
    GATE: gated('SG1', { recheck: 'plan', work: 'write', next: 'AWAITING' }),
    DONE: success,
  }
  const run = await started(again, [plan, write('write')], 'dry-run')
  const { approvalId } = await approvalFor(world, run)
  const waiting = await world.engine.resume(run.runId, { approvalId })
  expect(waiting).toMatchObject({ status: 'paused', state: run.state, gate: 'SG1' })
  expect(done).toEqual(['write simulate'])
  expect(await world.store.approval(approvalId)).toMatchObject({ usedSeq: expect.any(Number) })
  await expect(world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject({
    code: 'APPROVAL_REFUSED',
    data: { reason: 'ALREADY_USED' },
  })
})
