import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { fileVersion, rememberByFile } from '../../src/tools/file-version.ts'

const folder = mkdtempSync(join(tmpdir(), 'cutter-versions-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Resolves when the file was left alone long enough. */
async function untilSettled(path: string): Promise<void> {
  while (Date.now() - statSync(path).ctimeMs < 1_200) await sleep(50)
}

test('what was found out about a file is remembered until the file is changed or replaced', async () => {
  const path = join(folder, 'tool')
  const [recall, asks] = [rememberByFile<number>(), { count: 0 }]
  const ask = () => recall(path, async () => ++asks.count)
  writeFileSync(path, 'one')
  await untilSettled(path)
  expect([await ask(), await ask()]).toEqual([1, 1])
  const { atimeMs, mtimeMs } = statSync(path)
  const other = join(folder, 'other')
  writeFileSync(other, 'two')
  utimesSync(other, atimeMs / 1000, mtimeMs / 1000)
  renameSync(other, path)
  expect(await ask()).toBe(2)
  await untilSettled(path)
  expect([await ask(), await ask()]).toEqual([3, 3])
  utimesSync(path, 1, 1)
  expect(await ask()).toBe(4)
  rmSync(path)
  expect([await ask(), await ask()]).toEqual([5, 6])
})

test('what was found out about a file that was changed just now is found out again', async () => {
  const path = join(folder, 'new')
  writeFileSync(path, 'one')
  const recall = rememberByFile<string>()
  const version = fileVersion(path)
  await recall(path, async () => 'first')
  expect(fileVersion(path)).toBe(version)
  expect(await recall(path, async () => 'second')).toBe('second')
})
