import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tryLock, unlock, withLock } from '../../../src/targets/system/file-lock.ts'
import { thisProcess } from '../../../src/targets/system/process-identity.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-lock-'))
  file = join(folder, 'some.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('withLock', () => {
  test('withLock runs one work at a time, and leaves no file behind', async () => {
    let running = 0
    let most = 0
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await sleep(15)
      running -= 1
    }
    await Promise.all([1, 2, 3, 4].map(() => withLock(file, 5_000, work)))
    expect(most).toBe(1)
    expect(readdirSync(folder)).toEqual([])
  })

  test('withLock releases the lock when the work fails', async () => {
    const failing = withLock(file, 0, () => Promise.reject(new Error('failed on purpose')))
    await expect(failing).rejects.toThrow('failed on purpose')
    expect(existsSync(file)).toBe(false)
  })

  test('withLock waits for a running owner, and names it when the time is over', async () => {
    expect(tryLock(file)).toBe(true)
    const refused = withLock(file, 50, async () => 'in')
    await expect(refused).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`process ${process.pid}`),
      next: expect.stringContaining('remove the file'),
    })
    unlock(file)
  })
})

describe('tryLock', () => {
  test('tryLock takes the lock of a dead owner', () => {
    writeFileSync(file, JSON.stringify({ ...thisProcess(), processStart: 'long ago' }))
    expect(tryLock(file)).toBe(true)
    expect(tryLock(file)).toBe(false)
  })

  test('tryLock leaves the lock of an owner on another host', () => {
    writeFileSync(file, JSON.stringify({ ...thisProcess(), host: 'elsewhere.invalid' }))
    expect(tryLock(file)).toBe(false)
  })
})
