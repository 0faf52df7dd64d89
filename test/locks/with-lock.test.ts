import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tryLock, unlock, withLock } from '../../src/locks/with-lock.ts'
import { buildProgram } from '../support/build-program.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-lock-'))
  file = join(folder, 'some.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('withLock', () => {
  test('withLock runs one work at a time, and leaves an empty file', async () => {
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
    expect(readdirSync(folder)).toEqual(['some.lock'])
    expect(statSync(file).size).toBe(0)
  })

  test('withLock releases the lock when the work fails', async () => {
    const failing = withLock(file, 0, () => Promise.reject(new Error('failed on purpose')))
    await expect(failing).rejects.toThrow('failed on purpose')
    expect(tryLock(file)).toBe(true)
    unlock(file)
  })

  test('withLock waits for a running owner, and names it when the time is over', async () => {
    expect(tryLock(file)).toBe(true)
    const refused = withLock(file, 50, async () => 'in')
    await expect(refused).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`process ${process.pid}`),
      data: { pid: process.pid },
    })
    unlock(file)
  })
})

describe('tryLock', () => {
  test('tryLock refuses a lock that this process holds already', () => {
    expect(tryLock(file)).toBe(true)
    expect(tryLock(file)).toBe(false)
    unlock(file)
    expect(tryLock(file)).toBe(true)
    unlock(file)
  })

  test('tryLock takes a lock whose file was removed while it was free', () => {
    expect(tryLock(file)).toBe(true)
    unlock(file)
    rmSync(file)
    expect(tryLock(file)).toBe(true)
    unlock(file)
  })

  test('tryLock names a folder that does not exist', () => {
    const missing = join(folder, 'missing', 'some.lock')
    expect(() => tryLock(missing)).toThrow(expect.objectContaining({ code: 'STORE_UNWRITABLE' }))
  })
})

test('withLock waits for another process, and takes the lock as soon as that one is killed', async () => {
  const program = await buildProgram(join(import.meta.dirname, 'lock-program.ts'))
  const child = spawn(process.execPath, [program.file, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    expect(tryLock(file)).toBe(false)
    const waiting = withLock(file, 30_000, async () => 'in')
    child.kill('SIGKILL')
    expect(await waiting).toBe('in')
  } finally {
    child.kill('SIGKILL')
    program.remove()
  }
})
