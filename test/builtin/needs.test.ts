import { expect, test } from 'vitest'
import { type DeployAppDeps, deploy } from '../../src/builtin/deploy.ts'
import { openTools } from '../../src/tools/open-tools.ts'

/** What a process must reach before it works on a run of a shared store. */

test.each([
  ['web1', ['host:web1']],
  ['web1,web2', ['host:web1', 'host:web2']],
  ['web1, web2 ,web3', ['host:web1', 'host:web2', 'host:web3']],
])('a deploy to %j needs each of its hosts', async (host, hosts) => {
  const deps = { config: { hosts: {} }, env: {}, tools: openTools({}) } as unknown as DeployAppDeps
  const { needs } = await deploy.install(deps)
  const input = { host, source: '/app', checks: '/checks.yaml' }
  expect(needs?.({ mode: 'live', input })).toEqual([...hosts, 'file:/app', 'file:/checks.yaml'])
})
