import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import type { Home } from '../../../src/app/open-home.ts'
import type { Run } from '../../../src/domain/run.ts'
import { findHostBlockers } from '../../../src/service/doctor/host-blocker.ts'

const ADDRESS = `${userInfo().username}@192.0.2.9:22`

const aHome = (hosts: { [name: string]: { ssh?: string } }, plan: object = { host: { address: ADDRESS } }) =>
  ({
    env: {},
    interrupt: new AbortController().signal,
    config: async () => ({ hosts, tools: {} }),
    store: { evidence: async () => Buffer.from(JSON.stringify(plan)) },
  }) as unknown as Home

const aRun = (input: object, planDigest: string | null = 'sha256:0') => ({ input, planDigest }) as Run

test('the host of a waiting run is the one of its plan while cutter.yaml names it', async () => {
  expect(await findHostBlockers(aHome({ web: { ssh: '192.0.2.9' } }), aRun({ host: 'web' }))).toEqual([])
})

test.each([
  ['cutter.yaml names no more', {}, /it is \S+@web:22 now: cutter.yaml names no such host/],
  ['has another address in cutter.yaml', { web: { ssh: '192.0.2.10' } }, /it is \S+@192\.0\.2\.10:22 now$/],
  ['ssh can’t find', { web: { ssh: '-oProxyCommand=x' } }, /ssh can’t say where it is$/],
])('a run is blocked whose host %s', async (_, hosts, words) => {
  const [blocker] = await findHostBlockers(aHome(hosts), aRun({ host: 'web' }))
  expect(blocker).toMatchObject({ reason: 'STOP_DRIFT', message: expect.stringMatching(words) })
  expect(blocker!.next).toContain('hosts.web')
})

test.each([
  ['names no host', aRun({ target: 'shop' }), undefined],
  ['has no plan yet', aRun({ host: 'web' }, null), undefined],
  ['has a plan without an address', aRun({ host: 'web' }), { host: 'web' }],
])('no blocker is found for a run that %s', async (_, run, plan) => {
  expect(await findHostBlockers(aHome({}, plan), run)).toEqual([])
})

const planOn = (kind: string) => (name: string) => ({
  type: `cutter.plan.${kind}/v2`,
  host: { name, address: ADDRESS },
})
const HOSTS = ['web1', 'web2', 'web3']

test.each([
  [
    'a deploy',
    { host: HOSTS.join(',') },
    { type: 'cutter.plan.deploy-hosts/v1', hosts: HOSTS.map(planOn('deploy')) },
  ],
  [
    'a rollback',
    { run: 'idep-1' },
    { type: 'cutter.plan.rollback-hosts/v1', hosts: HOSTS.map(planOn('rollback')) },
  ],
  ['a rollback on one host', { run: 'idep-1' }, planOn('rollback')('web2')],
])('each host of %s is compared with its own address', async (_, input, plan) => {
  const at = (ssh: string) => ({ ssh })
  const hosts = { web1: at('192.0.2.9'), web2: at('192.0.2.10'), web3: at('192.0.2.9') }
  const blockers = await findHostBlockers(aHome(hosts, plan), aRun(input))
  expect(blockers).toMatchObject([
    {
      reason: 'STOP_DRIFT',
      message: expect.stringMatching(
        /^the plan is for host web2 at \S+:22, and it is \S+@192\.0\.2\.10:22 now$/,
      ),
      next: expect.stringContaining('hosts.web2'),
    },
  ])
})
