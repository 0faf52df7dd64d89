import { afterAll, beforeAll, describe } from 'vitest'
import { type CrashHarness, startCrashHarness } from './crash-harness.ts'
import { type Story, testEveryCall } from './every-call.ts'
import { storyOfRuns } from './run-story.ts'
import { readRunRows } from './target-rows.ts'

/** The cut, killed at any call of any of its commands: writes to the target and its rehearsal database are writes to a socket. */

describe.each(['dry-run', 'live'] as const)('a %s of the cut', (mode) => {
  let harness: CrashHarness
  let story: Story
  let close: () => Promise<void>
  beforeAll(async () => {
    harness = await startCrashHarness()
    const made = await storyOfRuns({
      name: `cut, ${mode}`,
      at: harness.at,
      mode,
      key: harness.at.path('approver'),
      startArgs: (piece) => [
        'cut',
        '--document',
        piece.toUpperCase(),
        '--source',
        harness.at.path('charter.md'),
      ],
      world: (_, run) => readRunRows(harness.sql, harness.app.store, run),
    })
    story = made.story
    close = made.close
  })
  afterAll(async () => {
    await close()
    await harness.remove()
  })
  testEveryCall({
    name: `cut, ${mode}`,
    points: 3,
    at: () => harness.at,
    next: (piece) => story.next(piece),
    result: (piece) => story.result(piece),
  })
})
