import { describe, expect, test } from 'vitest'
import type { ReadEffect } from '../../../../src/domain/effect.ts'
import type { HostRecord, HostState } from '../../../../src/effects/deploy/hosts/host-record.ts'
import { nextHost } from '../../../../src/effects/deploy/phases/next-host.ts'
import { retryHosts } from '../../../../src/effects/deploy/phases/retry-hosts.ts'

const record = ([host, state]: [string, HostState]): HostRecord => ({
  host,
  state,
  why: state === 'failed' ? 'health: no answer' : null,
  facts: {
    surveyDigest: 'sha256:1',
    ...(state === 'failed' ? { failure: 'health: no answer', builtDigest: 'x' } : {}),
  },
  gates: { G3: {}, ...(state === 'failed' ? { G5: {} } : {}) },
  report: {},
})

const input = (states: [string, HostState][], more = {}) => ({
  host: states.map(([host]) => host).join(','),
  hosts: states.map(record),
  ...more,
})

interface Answer {
  left?: boolean
  hosts: HostRecord[]
}
const ask = async (effect: unknown, given: unknown): Promise<Answer> =>
  (await (effect as ReadEffect).execute(undefined as never, given)).output as Answer
const statesOf = ({ hosts }: Answer) => hosts.map(({ host, state }) => `${host} ${state}`)

describe('the sequence of hosts', () => {
  test.each<[string, [string, HostState][], object, string[], boolean]>([
    [
      'the first that waits',
      [
        ['a', 'live'],
        ['b', 'pending'],
        ['c', 'pending'],
      ],
      {},
      ['a live', 'b working', 'c pending'],
      true,
    ],
    [
      'none when all are live',
      [
        ['a', 'live'],
        ['b', 'live'],
      ],
      {},
      ['a live', 'b live'],
      false,
    ],
    [
      'the one after a failure that is allowed',
      [
        ['a', 'failed'],
        ['b', 'pending'],
      ],
      { maxFailures: '1' },
      ['a failed', 'b working'],
      true,
    ],
    [
      'none after the last one failed and may',
      [
        ['a', 'live'],
        ['b', 'failed'],
      ],
      { maxFailures: '1' },
      ['a live', 'b failed'],
      false,
    ],
  ])('next_host chooses %s', async (_, states, more, expected, left) => {
    const answer = await ask(nextHost(), input(states, more))
    expect([statesOf(answer), answer.left]).toEqual([expected, left])
  })

  test.each<[string, [string, HostState][], object]>([
    [
      'a host failed and none may',
      [
        ['a', 'live'],
        ['b', 'failed'],
        ['c', 'pending'],
      ],
      {},
    ],
    [
      'more failed than may',
      [
        ['a', 'failed'],
        ['b', 'failed'],
        ['c', 'pending'],
      ],
      { maxFailures: '1' },
    ],
    [
      'the canary failed',
      [
        ['a', 'failed'],
        ['b', 'pending'],
      ],
      { maxFailures: '1', canary: 'a' },
    ],
  ])('next_host stops when %s, and names each host', async (_, states, more) => {
    await expect(ask(nextHost(), input(states, more))).rejects.toMatchObject({
      facts: {
        code: 'STOP_HOST_FAILED',
        message: expect.stringContaining('(health: no answer)'),
        data: { hosts: states.map(([host, state]) => ({ host, state })) },
      },
    })
  })

  test('retry_hosts lets failed hosts wait again, as they were when their plan was approved', async () => {
    const { hosts } = await ask(
      retryHosts(),
      input([
        ['a', 'live'],
        ['b', 'failed'],
      ]),
    )
    expect(hosts[1]).toEqual(record(['b', 'pending']))
  })
})
