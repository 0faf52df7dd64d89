import { afterAll, expect, test } from 'vitest'
import { openShipped } from '../bench/shipped.ts'
import { aFolder, removeFolders } from './store-folders.ts'

afterAll(removeFolders)

/** Enough runs that pages which are not full weigh little. */
const RUNS = 96

test('a finished run of ten steps and two gates takes at most 10,000 bytes of the store', {
  timeout: 120_000,
}, async () => {
  const worker = await openShipped(aFolder())
  const before = await worker.bytes()
  const one = async (id: string) => {
    await worker.start(id)
    await worker.approve(id, 1)
    await worker.approve(id, 2)
  }
  for (let run = 0; run < RUNS; run += 32)
    await Promise.all(Array.from({ length: 32 }, (_, index) => one(`run-${run + index}`)))
  const bytes = (await worker.bytes()) - before
  await worker.close()
  expect(bytes / RUNS).toBeLessThanOrEqual(10_000)
})
