import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { openHeadLog } from '../../src/reports/head-log.ts'
import { followHeads } from '../../src/reports/recent-heads.ts'
import { aFolder, removeFolders } from '../store/store-folders.ts'

let home: string
beforeEach(() => {
  home = aFolder()
})
afterAll(removeFolders)

const witness = (seq: number) => ({
  seq,
  head: `sha256:${String(seq).padStart(64, '0')}`,
  at: '2026-03-01T12:00:00.000Z',
})
const file = () => join(home, 'var', 'runs', 'heads')

it('answers what was written before the first question, and what any process writes after it', async () => {
  const [own, other] = [openHeadLog(home), openHeadLog(home)]
  const heads = followHeads(home)
  expect(heads.find('cut-1')).toBeNull()
  await own.append('cut-1', witness(4))
  expect(heads.find('cut-1')).toEqual(witness(4))
  await other.append('cut-1', witness(5))
  await other.append('cut-2', witness(2))
  expect([heads.find('cut-1'), heads.find('cut-2'), heads.find('cut-3')]).toEqual([
    witness(5),
    witness(2),
    null,
  ])
  await own.close()
  await other.close()
})

it('does not count a line before its end is written', async () => {
  const log = openHeadLog(home)
  await log.append('cut-1', witness(4))
  const heads = followHeads(home)
  expect(heads.find('cut-1')).toEqual(witness(4))
  const line = `cut-1 9 ${witness(9).head} ${witness(9).at}\n`
  for (const part of [line.slice(0, 30), line.slice(30, -1)]) {
    appendFileSync(file(), part)
    expect(heads.find('cut-1')).toEqual(witness(4))
  }
  appendFileSync(file(), '\n')
  expect(heads.find('cut-1')).toEqual(witness(9))
  await log.close()
})

it('reads a log again that was replaced or cut', async () => {
  const log = openHeadLog(home)
  for (const seq of [3, 4]) await log.append('cut-1', witness(seq))
  const heads = followHeads(home)
  expect(heads.find('cut-1')).toEqual(witness(4))
  writeFileSync(`${file()}.new`, `cut-1 3 ${witness(3).head} ${witness(3).at}\n`)
  renameSync(`${file()}.new`, file())
  expect(heads.find('cut-1')).toEqual(witness(3))
  writeFileSync(file(), '')
  expect(heads.find('cut-1')).toBeNull()
  await log.close()
})

it('finds a run of long ago after many others', async () => {
  const log = openHeadLog(home)
  const heads = followHeads(home)
  await log.append('first', witness(1))
  expect(heads.find('first')).toEqual(witness(1))
  await Promise.all(Array.from({ length: 10_001 }, (_, n) => log.append(`cut-${n}`, witness(2))))
  expect(heads.find('cut-10000')).toEqual(witness(2))
  expect(heads.find('first')).toEqual(witness(1))
  await log.close()
})
