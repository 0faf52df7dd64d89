import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { isOwnerAlive, processStart, thisProcess } from '../../../src/targets/system/process-identity.ts'

describe('isOwnerAlive', () => {
  test('isOwnerAlive distinguishes this process from an earlier one with the same pid', () => {
    const self = thisProcess()
    expect(self.pid).toBe(process.pid)
    expect(isOwnerAlive(self)).toBe(true)
    expect(isOwnerAlive({ ...self, processStart: '1' })).toBe(false)
  })

  test('isOwnerAlive answers unknown for a process on another host', () => {
    expect(isOwnerAlive({ ...thisProcess(), host: 'elsewhere.invalid' })).toBe('unknown')
  })

  test('isOwnerAlive answers false for a process that ended, also while it is a zombie', async () => {
    // The shell never waits for its child, which stays a zombie as long as the shell sleeps.
    const shell = spawn('sh', ['-c', 'sh -c "echo \\$\\$"& exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = await once(shell.stdout, 'data')
    await expect.poll(() => processStart(Number(String(line)))).toBeNull()
    const owner = { ...thisProcess(), pid: shell.pid!, processStart: processStart(shell.pid!)! }
    expect(isOwnerAlive(owner)).toBe(true)
    shell.kill()
    await once(shell, 'exit')
    expect(isOwnerAlive(owner)).toBe(false)
  })

  test.runIf(process.platform === 'linux')('isOwnerAlive takes less than a millisecond on Linux', () => {
    const owner = thisProcess()
    const started = performance.now()
    for (let times = 0; times < 1_000; times += 1) isOwnerAlive(owner)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
