import { afterAll, afterEach, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/json.ts'
import { composeStatementText } from '../../src/engine/manage-approvals.ts'
import { start, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { approved, aWorldWithEvidence } from './edited-store.ts'

/** What is signed is what was shown: a run that moved in between has another plan. */

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

const alice = { as: 'alice@example.org', decision: 'approve', reason: '' } as const

test('a statement is composed for the plan that was shown, and for no other one', async () => {
  world = aWorldWithEvidence()
  const run = await start(world)
  const shown = run.planDigest
  const compose = (given: object) => composeStatementText(world.parts, run.runId, { ...alice, ...given })
  expect(JSON.parse(await compose({ shown }))).toMatchObject({ planDigest: shown, gate: 'SG1' })
  expect(JSON.parse(await compose({ shown: null }))).toMatchObject({ planDigest: shown })
  const moved = await approved(world, run)
  await expect(compose({ shown })).rejects.toMatchObject({
    code: 'APPROVAL_REFUSED',
    message: `run ${run.runId} has moved: the plan that was shown is ${shown}, and now it would be ${moved.planDigest}; nothing was signed`,
    next: expect.stringContaining('give the command again'),
  })
  expect(await world.store.approvals(run.runId)).toHaveLength(1)
})

test('the list of an abandonment is compared as a plan is', async () => {
  world = aWorldWithEvidence()
  const run = await start(world)
  const compose = (shown: string) =>
    composeStatementText(world.parts, run.runId, { ...alice, decision: 'abandon', shown })
  const other = digestOf('another list')
  await expect(compose(other)).rejects.toMatchObject({ message: expect.stringContaining(other) })
})
