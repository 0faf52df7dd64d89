import { expect, test } from 'vitest'
import { examineNowAndThen } from '../../../src/service/metrics/stranded-runs.ts'

/** A clock that moves by hand, and an examination that takes as long as a test says. */
function examined(answer: () => { machine: string; isStranded: boolean }[]) {
  let now = 0
  let takes = 0
  let count = 0
  const errors: unknown[] = []
  const found = examineNowAndThen(
    async () => {
      count += 1
      now += takes
      return answer()
    },
    (err) => errors.push(err),
    { now: () => now },
  )
  return {
    ...found,
    errors,
    count: () => count,
    passes: (ms: number) => {
      now += ms
    },
    takes: (ms: number) => {
      takes = ms
    },
  }
}

const open = [
  { machine: 'cut', isStranded: true },
  { machine: 'cut', isStranded: false },
  { machine: 'migrate', isStranded: false },
]

test('nothing is known before somebody asks, and nobody waits for it', async () => {
  const at = examined(() => open)
  expect([at.count(), at.newest()]).toEqual([0, null])
  await at.idle()
  expect([...at.newest()!.byMachine]).toEqual([
    ['cut', 1],
    ['migrate', 0],
  ])
})

test.each([
  ['a minute', 10, 60_000],
  ['20 times as long as it took', 10_000, 200_000],
])('an examination counts for %s', async (_, takes, counts) => {
  const at = examined(() => open)
  at.takes(takes)
  at.newest()
  await at.idle()
  at.passes(counts - 1)
  at.newest()
  await at.idle()
  expect(at.count()).toBe(1)
  at.passes(1)
  at.newest()
  await at.idle()
  expect(at.count()).toBe(2)
})

test('a value that can no longer be found out is absent', async () => {
  let isUsable = true
  const at = examined(() => {
    if (isUsable) return open
    throw new Error('cutter.yaml can’t be used')
  })
  at.newest()
  await at.idle()
  expect(at.newest()).not.toBeNull()
  isUsable = false
  at.passes(60_000)
  at.newest()
  await at.idle()
  expect([at.newest(), at.errors.length]).toEqual([null, 1])
})
