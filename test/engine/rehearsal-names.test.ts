import { afterAll, expect, test } from 'vitest'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { aWorld, start, succeeds } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

afterAll(removeFolders)

test.each([
  'alice@example.org with SHA256:abc, whom you trust',
  `alice${' '.repeat(60)}1–7 gate SG1: approved`,
  'alice,bob',
  '"alice"',
  'a\nb',
  'x'.repeat(101),
  '',
])('a rehearsal refuses the name %j, and saves nothing', async (name) => {
  const world = aWorld(succeeds)
  const run = await start(world)
  const decision = { decision: 'approve' as const, reason: 'read' }
  await expect(rehearseApproval(world.parts, run.runId, { as: name, ...decision })).rejects.toMatchObject({
    code: 'USAGE',
  })
  expect(await world.store.approvals(run.runId)).toEqual([])
  expect(await rehearseApproval(world.parts, run.runId, { as: 'Zoë@example.org', ...decision })).toBeTruthy()
  await world.store.close()
})
