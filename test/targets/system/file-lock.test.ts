import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tryLock, unlock, withLock } from '../../../src/targets/system/file-lock.ts'
import { thisProcess } from '../../../src/targets/system/process-identity.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-lock-'))
  file = join(folder, 'some.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('lets one at a time work, and leaves nothing behind', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await sleep(15)
    inside -= 1
  }
  await Promise.all([1, 2, 3, 4].map(() => withLock(file, 5_000, work)))
  expect(most).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

test('is given back when the work fails', async () => {
  await expect(withLock(file, 0, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  expect(existsSync(file)).toBe(false)
})

test('of a living owner is waited for, and then named', async () => {
  expect(tryLock(file)).toBe(true)
  const refused = withLock(file, 50, async () => 'in')
  await expect(refused).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining(`process ${process.pid}`),
    next: expect.stringContaining('remove the file'),
  })
  unlock(file)
})

test('of a dead owner is broken', () => {
  writeFileSync(file, JSON.stringify({ ...thisProcess(), processStart: 'long ago' }))
  expect(tryLock(file)).toBe(true)
  expect(tryLock(file)).toBe(false)
})

test('of another host is respected', () => {
  writeFileSync(file, JSON.stringify({ ...thisProcess(), host: 'elsewhere.invalid' }))
  expect(tryLock(file)).toBe(false)
})
