import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createSessionOpener,
  type RemoteProcess,
  SessionRefused,
} from '../../../src/targets/ssh/transport.ts'

/** A server that allows a number of sessions at once, and counts what it is asked. Its sessions last `ms`. */
function createServer(allowed: number, ms: () => number) {
  const seen = { open: 0, most: 0, refused: 0, ended: 0 }
  const start = async (): Promise<RemoteProcess> => {
    await sleep(1)
    if (seen.open >= allowed) {
      seen.refused += 1
      throw new SessionRefused('open failed')
    }
    seen.open += 1
    seen.most = Math.max(seen.most, seen.open)
    const ended = sleep(ms()).then(() => {
      seen.open -= 1
      seen.ended += 1
      return { code: 0, signal: null }
    })
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    return { stdin, stdout, stderr, ended, end: () => undefined }
  }
  return { seen, start }
}

describe('createSessionOpener', () => {
  test('starts everything that is asked for, however few sessions the host allows at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 }),
        async (allowed, times) => {
          const left = [...times]
          const { seen, start } = createServer(allowed, () => left.pop()!)
          const open = createSessionOpener()
          const started = await Promise.all(times.map(() => open(start)))
          await Promise.all(started.map(({ ended }) => ended))
          expect(seen).toMatchObject({ open: 0, ended: times.length })
          expect(seen.most).toBeLessThanOrEqual(allowed)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('asks a host that allows one session for no second one after the first refusal', async () => {
    const { seen, start } = createServer(1, () => 3)
    const open = createSessionOpener()
    const round = async () => {
      const started = await Promise.all([1, 2, 3].map(() => open(start)))
      await Promise.all(started.map(({ ended }) => ended))
    }
    await round()
    const { refused } = seen
    await round()
    await round()
    expect(refused).toBeGreaterThan(0)
    expect(seen).toMatchObject({ refused, ended: 9 })
  })

  test('gives up where the host opens no session at all', async () => {
    const { start } = createServer(0, () => 0)
    await expect(createSessionOpener()(start)).rejects.toBeInstanceOf(SessionRefused)
  })
})
