import { expect, test } from 'vitest'
import type { Mode } from '../../../src/domain/run.ts'
import { createHostSession } from '../../../src/effects/deploy/host-session.ts'
import { readFile } from '../../../src/effects/deploy/read-commands.ts'
import { discard } from '../../../src/effects/deploy/write-commands.ts'
import type { Host, RunResult } from '../../../src/targets/ssh/open-host.ts'

const said: RunResult = {
  ...{ exitCode: 0, signal: null, timedOut: false, truncated: false },
  ...{ stdout: Buffer.from('said'), stderr: Buffer.alloc(0) },
}

function aHand(mode: Mode, result: RunResult = said) {
  const asked: unknown[] = []
  const host = {
    run: async (argv: unknown) => {
      asked.push(argv)
      return result
    },
    put: async (local: unknown) => asked.push(local),
  } as unknown as Host
  const hand = createHostSession(host, { mode, signal: new AbortController().signal, now: () => new Date() })
  return { hand, asked }
}

test('a dry run’s hand sends nothing that writes, whoever asks for it', async () => {
  const { hand, asked } = aHand('dry-run')
  await expect(hand.run(discard('/srv/.cutter-1', 'idep-1'))).rejects.toThrow('a dry run would write')
  await expect(hand.putText('text', '/srv/file', 0o600)).rejects.toThrow('a dry run would write')
  expect(asked).toEqual([])
  expect(await hand.text(readFile('/srv/file'))).toBe('said')
})

test('an output of which some was dropped is not taken for the whole', async () => {
  const { hand } = aHand('live', { ...said, truncated: true })
  await expect(hand.text(readFile('/srv/file'))).rejects.toThrow('says more on the host than is taken')
})
