import { describe, expect, test } from 'vitest'
import type { Mode } from '../../../src/domain/run.ts'
import { createHostSession } from '../../../src/effects/deploy/host-session.ts'
import { readFile } from '../../../src/effects/deploy/read-commands.ts'
import { discard, extract, stagedFile } from '../../../src/effects/deploy/write-commands.ts'
import type { Host, RunResult } from '../../../src/targets/ssh/open-host.ts'
import { ReceiveRefused, type SendOptions } from '../../../src/targets/ssh/send-file.ts'

const answer: RunResult = {
  exitCode: 0,
  signal: null,
  timedOut: false,
  truncated: false,
  stdout: Buffer.from('answer'),
  stderr: Buffer.alloc(0),
}

const FILE = stagedFile('/srv/.cutter-1', 'idep-1', 'files')

/** A session over a host that records everything sent to it. */
function createSession(mode: Mode, result: RunResult = answer, assertClaimed = async () => {}) {
  const sent: unknown[] = []
  const host = {
    run: async (argv: unknown) => {
      sent.push(argv)
      return result
    },
    put: async (_local: unknown, path: string, { guard, after }: SendOptions) => {
      if (after !== undefined) throw new ReceiveRefused(path, 'after', result.exitCode!, 'the reason\n')
      if (result.exitCode !== 0) throw new ReceiveRefused(path, 'guard', result.exitCode!, 'the reason\n')
      sent.push([path, ...guard.args])
    },
  } as unknown as Host
  const context = {
    mode,
    signal: new AbortController().signal,
    now: () => new Date(),
    token: { run: 'idep-1', seq: 12, attempt: 3 },
    assertClaimed,
  }
  return { session: createHostSession(host, context), sent }
}

describe('a host session', () => {
  test('sends nothing that writes in a dry run', async () => {
    const { session, sent } = createSession('dry-run')
    await expect(session.run(discard('/srv/.cutter-1', 'idep-1'))).rejects.toThrow('a dry run would write')
    await expect(session.putText('text', FILE, 0o600)).rejects.toThrow('a dry run would write')
    expect(sent).toEqual([])
    expect(await session.text(readFile('/srv/file'))).toBe('answer')
  })

  test('sends a write with the token of its run, and a read without', async () => {
    const { session, sent } = createSession('live')
    await session.run(discard('/srv/.cutter-1', 'idep-1'))
    await session.run(readFile('/srv/file'))
    await session.putText('text', FILE, 0o600)
    const [written, readAs, received] = sent as string[][]
    expect(written!.slice(0, 3)).toEqual(['env', 'CUTTER_TOKEN=idep-1:12000003', 'sh'])
    expect(readAs![0]).toBe('sh')
    expect(received).toEqual(['/srv/.cutter-1/files', '/srv/.cutter-1', 'idep-1', 'idep-1:12000003'])
  })

  test('sends no write once the claim is lost, and reads on', async () => {
    const { session, sent } = createSession('live', answer, async () => {
      throw new Error('lost')
    })
    await expect(session.run(discard('/srv/.cutter-1', 'idep-1'))).rejects.toThrow('lost')
    await expect(session.putText('text', FILE, 0o600)).rejects.toThrow('lost')
    expect(sent).toEqual([])
    await session.run(readFile('/srv/file'))
  })

  test('stops when the host has seen a later token', async () => {
    const { session } = createSession('live', { ...answer, exitCode: 80 })
    const fenced = { facts: { code: 'STOP_FENCED' } }
    await expect(session.run(discard('/srv/.cutter-1', 'idep-1'))).rejects.toMatchObject(fenced)
    await expect(session.putText('text', FILE, 0o600)).rejects.toMatchObject(fenced)
  })

  test('rejects a file that the host refuses for another reason with the exit code of its script', async () => {
    const { session } = createSession('live', { ...answer, exitCode: 17 })
    await expect(session.putText('text', FILE, 0o600)).rejects.toMatchObject({
      name: 'CommandFailed',
      exitCode: 17,
      message: 'receive ended with 17 on the host: the reason',
    })
  })

  test.each([
    [66, { name: 'CommandFailed', exitCode: 66, message: 'extract ended with 66 on the host: the reason' }],
    [80, { facts: { code: 'STOP_FENCED' } }],
  ])('names the command after a file that ended with %d', async (exitCode, failure) => {
    const { session } = createSession('live', { ...answer, exitCode })
    const after = extract('/srv/.cutter-1', 'idep-1')
    await expect(session.put('/tmp/local', FILE, 0o600, after)).rejects.toMatchObject(failure)
  })

  test('rejects an output of which a part was dropped', async () => {
    const { session } = createSession('live', { ...answer, truncated: true })
    await expect(session.text(readFile('/srv/file'))).rejects.toThrow(
      'the output of file is longer than Cutter accepts',
    )
  })
})
