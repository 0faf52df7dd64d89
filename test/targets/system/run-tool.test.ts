import { describe, expect, test } from 'vitest'
import { runTool } from '../../../src/targets/system/run-tool.ts'
import type { Tool } from '../../../src/tools/open-tools.ts'

const shell = { name: 'pgDump', file: '/bin/sh', args: ['-c'] } as unknown as Tool

describe('runTool', () => {
  test('kills a tool that ignores SIGTERM, some seconds after the abort', async () => {
    const controller = new AbortController()
    const ran = runTool(shell, ["trap '' TERM; echo ready >&2; while :; do read -r _ </dev/zero; done"], {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(new Error('the time is over')), 200)
    await expect(ran).rejects.toThrow('the time is over')
  })
})
