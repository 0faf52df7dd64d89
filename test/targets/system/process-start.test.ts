import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { processStart } from '../../../src/targets/system/process-start.ts'

describe('processStart', () => {
  test('processStart answers null for a process that ended, also while it is a zombie', async () => {
    // The shell never waits for its child, which stays a zombie as long as the shell sleeps.
    const shell = spawn('sh', ['-c', 'sh -c "echo \\$\\$"& exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = await once(shell.stdout, 'data')
    await expect.poll(() => processStart(Number(String(line)))).toBeNull()
    expect(processStart(shell.pid!)).not.toBeNull()
    shell.kill()
    await once(shell, 'exit')
    expect(processStart(shell.pid!)).toBeNull()
  })

  test('processStart answers the same text for one process', () => {
    expect(processStart(process.pid)).toBe(processStart(process.pid))
  })
})
