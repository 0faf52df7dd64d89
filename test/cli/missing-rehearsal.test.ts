import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { aCutterHome, jsonOf } from '../support/cli.ts'
import { charter, historyOf, rehearse, rehearseOn, resume, start, started } from '../support/cli-steps.ts'

describe('a rehearsal database that is missing', () => {
  test('resume refuses at SG2 when the rehearsal database is missing, and leaves the approval unused', async () => {
    const at = aCutterHome()
    try {
      at.file('small.md', charter('One.'))
      const runId = await started(at, { document: 'GONE', source: 'small.md' })
      expect(jsonOf(await rehearseOn(at, runId)).gate).toBe('SG2')
      rmSync(at.path('var/embedded'), { recursive: true })

      const { approvalId } = await rehearse(at, runId)
      const answer = await resume(at, runId, approvalId)
      expect(answer.code).toBe(3)
      const { error, gate } = jsonOf(answer)
      expect([gate, error?.code]).toEqual(['SG2', 'APPROVAL_REFUSED'])
      expect(error?.message).toContain('the embedded server’s data were removed or recreated since')
      expect(error?.message).not.toMatch(/password|login/)
      expect(error?.next).toContain(`cutter run cancel ${runId}`)
      expect(error?.next).toContain('start another run')
      expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({ reason: 'WORLD_NOT_CHECKED' })
      expect(
        (await at.cutter(['run', 'cancel', runId, '--reason', 'its rehearsal database is missing'])).code,
      ).toBe(3)
      expect((await start(at, { document: 'GONE', source: 'small.md' })).code).toBe(0)
    } finally {
      await at.remove()
    }
  })
})
