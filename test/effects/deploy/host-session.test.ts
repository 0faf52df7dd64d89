import { describe, expect, test } from 'vitest'
import type { Mode } from '../../../src/domain/run.ts'
import { createHostSession } from '../../../src/effects/deploy/host-session.ts'
import { readFile } from '../../../src/effects/deploy/read-commands.ts'
import { discard } from '../../../src/effects/deploy/write-commands.ts'
import type { Host, RunResult } from '../../../src/targets/ssh/open-host.ts'

const answer: RunResult = {
  exitCode: 0,
  signal: null,
  timedOut: false,
  truncated: false,
  stdout: Buffer.from('answer'),
  stderr: Buffer.alloc(0),
}

/** A session over a host that records everything sent to it. */
function createSession(mode: Mode, result: RunResult = answer) {
  const sent: unknown[] = []
  const host = {
    run: async (argv: unknown) => {
      sent.push(argv)
      return result
    },
    put: async (local: unknown) => sent.push(local),
  } as unknown as Host
  const signal = new AbortController().signal
  return { session: createHostSession(host, { mode, signal, now: () => new Date() }), sent }
}

describe('a host session', () => {
  test('sends nothing that writes in a dry run', async () => {
    const { session, sent } = createSession('dry-run')
    await expect(session.run(discard('/srv/.cutter-1', 'idep-1'))).rejects.toThrow('a dry run would write')
    await expect(session.putText('text', '/srv/file', 0o600)).rejects.toThrow('a dry run would write')
    expect(sent).toEqual([])
    expect(await session.text(readFile('/srv/file'))).toBe('answer')
  })

  test('rejects an output of which a part was dropped', async () => {
    const { session } = createSession('live', { ...answer, truncated: true })
    await expect(session.text(readFile('/srv/file'))).rejects.toThrow(
      'the output of file is longer than Cutter accepts',
    )
  })
})
