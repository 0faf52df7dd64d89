import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { approvalFor, aWorld, start, succeeds } from '../../machines/crashing-engine.ts'
import { aFolder, aStoreFile, removeFolders } from '../store-folders.ts'

/** A log of writes that ends in the midst of a step, as a machine leaves it that lost its power. */

let file: string
let runId: string
/** All that is kept of the run after each step. */
const kept: unknown[] = []

beforeAll(async () => {
  const world = aWorld(succeeds)
  const { advance, create } = world.store
  const after = async <T>(saved: Promise<T>) => {
    const answer = await saved
    kept.push(await world.store.storedRun('ictr-20260301T090000Z-01010101'))
    return answer
  }
  world.store.create = (...given) => after(create(...given))
  world.store.advance = (...given) => after(advance(...given))
  const paused = await start(world)
  runId = paused.runId
  const { approvalId } = await approvalFor(world, paused)
  await world.engine.resume(runId, { approvalId })
  file = world.file
})
afterAll(removeFolders)

/** A copy of the store as it lies on the disk, its process still there, with something done to its log. */
function copyWith(change: (log: string) => void): string {
  const copy = join(aFolder(), 'cutter.db')
  for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, `${copy}${end}`)
  change(`${copy}-wal`)
  return copy
}

/** What a copy has of the run, checked by a replay; null when it does not know the run. */
async function foundIn(copy: string): Promise<unknown> {
  const store = openRunStore({ ...aStoreFile(), file: copy })
  const stored = await store.storedRun(runId)
  if (stored !== null) await verifyRun({ ...parts, store } as never, runId)
  expect(await store.check()).toEqual([])
  await store.close()
  return stored
}
const { parts } = aWorld(succeeds)

const size = () => readFileSync(`${file}-wal`).length

describe('the WAL of a store', () => {
  test('has every step when it is complete', async () => {
    expect(await foundIn(copyWith(() => {}))).toEqual(kept.at(-1))
    expect(kept.length).toBeGreaterThan(10)
  })

  test('truncated anywhere has the run completely as it was after some step', async () => {
    const seqs = new Set<number>()
    for (let part = 0; part <= 40; part += 1) {
      const length = Math.floor((size() * part) / 40) - (part % 7)
      const found = await foundIn(copyWith((log) => truncateSync(log, Math.max(0, length))))
      if (found !== null) {
        const { seq } = (found as { run: { seq: number } }).run
        seqs.add(seq)
        // An approval is kept between two steps.
        const { approvals: _, ...rest } = found as { approvals: unknown }
        expect(kept[seq - 1]).toMatchObject(rest)
      }
    }
    expect(seqs.size).toBeGreaterThan(5)
  })

  test('ends before an overwritten page', async () => {
    for (const part of [0.6, 0.75, 0.9]) {
      const found = await foundIn(
        copyWith((log) => {
          const bytes = readFileSync(log)
          bytes.fill(0xa5, Math.floor(bytes.length * part), Math.floor(bytes.length * part) + 512)
          writeFileSync(log, bytes)
        }),
      )
      const { seq } = (found as { run: { seq: number } }).run
      expect(seq).toBeLessThan(kept.length)
    }
  })

  test('leaves the steps of the file when it is missing', async () => {
    expect(await foundIn(copyWith((log) => truncateSync(log, 0)))).toBeNull()
  })
})
