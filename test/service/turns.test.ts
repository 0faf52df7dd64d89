import { expect, test } from 'vitest'
import { createTurns } from '../../src/service/turns.ts'

const settled = () => new Promise((done) => setImmediate(done))

test('at most so many effects work at a time, and who came first is first', async () => {
  const turns = createTurns(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const all = [0, 1, 2, 3].map((n) =>
    turns.take(() => {
      begun.push(n)
      return new Promise<number>((done) => ends.push(() => done(n)))
    }),
  )
  await settled()
  expect([begun, turns.count()]).toEqual([[0, 1], { atWork: 2, waiting: 2 }])
  ends[1]!()
  await settled()
  expect([begun, turns.count()]).toEqual([[0, 1, 2], { atWork: 2, waiting: 1 }])
  ends[0]!()
  await settled()
  for (const end of ends) end()
  await settled()
  for (const end of ends) end()
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
  expect(turns.count()).toEqual({ atWork: 0, waiting: 0 })
})

test('an effect that fails frees its turn', async () => {
  const turns = createTurns(1)
  await expect(turns.take(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await turns.take(async () => 'done')).toBe('done')
})
