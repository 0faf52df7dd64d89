import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { findLoggedHead, type HeadLog, openHeadLog, readLoggedHeads } from '../../src/reports/head-log.ts'
import { aFolder, removeFolders } from '../store/store-folders.ts'

let home: string
let log: HeadLog
beforeEach(() => {
  home = aFolder()
  log = openHeadLog(home)
})
afterAll(removeFolders)

const file = () => join(home, 'var', 'runs', 'heads')
const witness = (seq: number) => ({
  seq,
  head: `sha256:${String(seq).padStart(64, '0')}`,
  at: '2026-03-01T12:00:00.000Z',
})

it('finds the newest entry of each run, and null for others and in a home without runs', async () => {
  expect([findLoggedHead(home, 'cut-1'), readLoggedHeads(home).size]).toEqual([null, 0])
  for (const [runId, seq] of [
    ['cut-1', 4],
    ['cut-2', 5],
    ['cut-1', 9],
  ] as const)
    await log.append(runId, witness(seq))
  expect(findLoggedHead(home, 'cut-1')).toEqual(witness(9))
  expect(findLoggedHead(home, 'cut-2')).toEqual(witness(5))
  for (const other of ['cut-', 'ut-1', 'cut-1 9', '9']) expect(findLoggedHead(home, other)).toBeNull()
  expect([...readLoggedHeads(home)]).toEqual([
    ['cut-1', witness(9)],
    ['cut-2', witness(5)],
  ])
})

it('appends what comes at the same moment together, and keeps the order of each run', async () => {
  const all = Array.from({ length: 500 }, (_, index) => log.append(`cut-${index % 50}`, witness(index + 1)))
  await Promise.all(all)
  expect(readFileSync(file(), 'utf8').split('\n')).toHaveLength(501)
  for (let run = 0; run < 50; run++) expect(findLoggedHead(home, `cut-${run}`)).toEqual(witness(451 + run))
})

it('finds a line wherever a block of the file begins in it', async () => {
  mkdirSync(join(home, 'var', 'runs'), { recursive: true })
  const line = `cut-1 7 ${witness(7).head} ${witness(7).at}\n`
  for (let offset = -line.length - 2; offset <= 2; offset++) {
    const after = 'x'.repeat((1 << 18) + offset - 1)
    writeFileSync(file(), `${'y'.repeat(300_000)}\n${line}${after}\n`)
    expect(findLoggedHead(home, 'cut-1'), `offset ${offset}`).toEqual(witness(7))
  }
})

it('passes over a line that a crash cut short, at every byte, and writes the next one by itself', async () => {
  await log.append('cut-1', witness(7))
  await log.close()
  const complete = readFileSync(file()).length
  const line = `cut-1 8 ${witness(8).head} ${witness(8).at}\n`
  for (let length = 1; length < line.length - 1; length++) {
    truncateSync(file(), complete)
    appendFileSync(file(), line.slice(0, length))
    expect(findLoggedHead(home, 'cut-1')).toEqual(witness(7))
  }
  const next = openHeadLog(home)
  await next.append('cut-2', witness(3))
  expect([findLoggedHead(home, 'cut-1'), findLoggedHead(home, 'cut-2')]).toEqual([witness(7), witness(3)])
})

it('encodes the id of a run that a foreign store made, so that it stays one line', async () => {
  const runId = 'cut-1\ncut-2 9 x'
  await log.append(runId, witness(4))
  expect(findLoggedHead(home, runId)).toEqual(witness(4))
  expect(findLoggedHead(home, 'cut-2')).toBeNull()
  expect(readFileSync(file(), 'utf8').split('\n')).toHaveLength(2)
})

it('refuses what the disk refuses, and works again afterwards', async () => {
  mkdirSync(join(home, 'var'))
  writeFileSync(join(home, 'var', 'runs'), 'in the way')
  await expect(log.append('cut-1', witness(4))).rejects.toThrow(/EEXIST|ENOTDIR/)
  spawnSync('rm', [join(home, 'var', 'runs')])
  await log.append('cut-1', witness(5))
  expect(findLoggedHead(home, 'cut-1')).toEqual(witness(5))
})
