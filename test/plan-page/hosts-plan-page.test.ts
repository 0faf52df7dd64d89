import { expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { planToMarkdown } from '../../src/plan-page/plan-to-markdown.ts'

const place = { target: '/srv/app/releases/2', strategy: 'release' }
const pointer = { path: '/srv/app/current', from: 'releases/1', to: 'releases/2' }
const host = (name: string) => ({ name, address: `${name}.example.org`, hostKey: 'ssh-ed25519 SHA256:x' })

const reading = (plan: Json) =>
  planToMarkdown({
    ...{ runId: 'idep-1', machine: 'deploy', version: '1', gate: 'SG1', planDigest: 'sha256:aa' },
    ...{ plan, cut: null, source: null, texts: new Map(), page: null, pageSize: 200 },
    differing: () => [],
  })

test('the plan of several hosts lists each with its order, its canary and its own plan', () => {
  const one = (name: string) => ({
    type: 'cutter.plan.deploy/v2',
    ...{ host: host(name), place, pointer, onFailure: 'rollback', changes: null, activation: null },
    commands: [{ id: 'switch' }],
  })
  const page = reading({
    type: 'cutter.plan.deploy-hosts/v1',
    ...{ serial: 1, canary: 'web2', maxFailures: 1, hosts: [one('web2'), one('web1')] as unknown as Json },
  })
  expect(page).toContain('# Deploy to /srv/app/releases/2 on 2 hosts')
  expect(page).toMatch(/\| 1 \| `web2`, the canary \|.*\n\| 2 \| `web1` \|/)
  expect(page).toContain('The run halts when more than 1 host failed.')
  for (const name of ['web1', 'web2']) expect(page).toContain(`# Host \`${name}\``)
  expect(page.match(/turns to releases\/2 in one rename/g)).toHaveLength(2)
})

test('the plan of a rollback on several hosts lists what goes back on each', () => {
  const one = (name: string) => ({
    type: 'cutter.plan.rollback/v2',
    ...{
      host: host(name),
      target: place.target,
      pointer: { path: pointer.path, now: pointer.to, back: pointer.from },
    },
  })
  const page = reading({
    type: 'cutter.plan.rollback-hosts/v1',
    ...{ ofRun: 'idep-1', hosts: [one('web2'), one('web1')] as unknown as Json },
  })
  expect(page).toContain('on 2 hosts')
  expect(page).toContain('/srv/app/current → releases/1')
  for (const name of ['web1', 'web2']) expect(page).toContain(`# Host \`${name}\``)
})
