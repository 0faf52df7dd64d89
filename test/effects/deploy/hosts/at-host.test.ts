import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Effect, EffectContext, Probe } from '../../../../src/domain/effect.ts'
import { Stop } from '../../../../src/domain/errors.ts'
import { atHost } from '../../../../src/effects/deploy/hosts/at-host.ts'
import type { HostState } from '../../../../src/effects/deploy/hosts/host-record.ts'

const record = (host: string, state: HostState) => ({
  host,
  state,
  why: null,
  facts: {},
  gates: {},
  report: {},
})
const given = { host: 'web1,web2', hosts: [record('web1', 'live'), record('web2', 'working')] }

const failing = (error: unknown, probed: Probe<unknown> = { outcome: 'not-committed' }) =>
  ({
    ...{ name: 'post_checks', kind: 'write', input: z.looseObject({}), output: z.looseObject({}) },
    execute: () => Promise.reject(error),
    simulate: () => Promise.reject(error),
    probe: async () => probed,
  }) as unknown as Effect
const context = {} as EffectContext

test('a stop on one of several hosts names it, and keeps its code, its next step and its data', async () => {
  const stop = new Stop('STOP_CHECKS_FAILED', 'flag ended with 1', { next: 'fix it', data: { exit: 1 } })
  await expect(atHost(failing(stop)).execute(context, given)).rejects.toMatchObject({
    message: 'web2: flag ended with 1',
    facts: { code: 'STOP_CHECKS_FAILED', next: 'fix it', data: { exit: 1 } },
    cause: stop,
  })
})

test('another error stays as it is, so that the write is probed', async () => {
  const error = new Error('the connection was lost')
  await expect(atHost(failing(error)).execute(context, given)).rejects.toBe(error)
})

test('a probe that finds no outcome names the host', async () => {
  const effect = atHost(failing(null, { outcome: 'unknown', why: 'nobody answers' }))
  if (effect.kind !== 'write') throw new Error('no write')
  expect(await effect.probe(context, given)).toEqual({ outcome: 'unknown', why: 'web2: nobody answers' })
})

test('a stop of a deploy to one host stays as it is', async () => {
  const stop = new Stop('STOP_CHECKS_FAILED', 'flag ended with 1')
  await expect(atHost(failing(stop)).execute(context, { host: 'web1' })).rejects.toBe(stop)
})
