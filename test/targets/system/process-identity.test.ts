import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isOwnerAlive, processStart, thisProcess } from '../../../src/targets/system/process-identity.ts'

test('this process is alive, and is told apart from one that had its pid before', () => {
  const me = thisProcess()
  expect(me.pid).toBe(process.pid)
  expect(isOwnerAlive(me)).toBe(true)
  expect(isOwnerAlive({ ...me, processStart: '1' })).toBe(false)
})

test('a process on another host is neither alive nor dead', () => {
  expect(isOwnerAlive({ ...thisProcess(), host: 'elsewhere.invalid' })).toBe('unknown')
})

test('a process that ended is dead, also while nobody has collected it', async () => {
  // The shell never waits for its child, which stays a zombie for as long as the shell sleeps.
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

test.runIf(process.platform === 'linux')('asking costs well below a millisecond (on Linux)', () => {
  const owner = thisProcess()
  const started = performance.now()
  for (let times = 0; times < 1_000; times += 1) isOwnerAlive(owner)
  expect(performance.now() - started).toBeLessThan(1_000)
})
