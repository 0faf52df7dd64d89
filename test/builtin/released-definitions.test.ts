import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadBuiltins, MACHINE_NAMES } from '../../src/builtin/registry.ts'
import { RELEASES, releasedUpgrades } from '../../src/builtin/released-definitions.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Machine } from '../../src/machine/define.ts'
import { startStep } from '../../src/machine/transition.ts'
import { buildUpgradeStep } from '../../src/machine/upgrade-step.ts'

const AT = '2026-01-31T09:05:01.000Z'
const DIGEST = /^sha256:[0-9a-f]{64}$/
const builtins = await loadBuiltins()
const released = RELEASES.flatMap(({ commit, definitions }) =>
  Object.entries(definitions).map(([name, digest]) => ({ commit, name, digest })),
)

describe('RELEASES', () => {
  test('names a version, a commit and a definition digest of every shipped machine of its time', () => {
    for (const { version, commit, definitions, helpers } of RELEASES) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
      expect(commit).toMatch(/^([0-9a-f]{7,40}|v\d+\.\d+\.\d+)$/)
      expect([...Object.values(definitions), helpers]).toEqual(
        [...Object.values(definitions), helpers].map(() => expect.stringMatching(DIGEST)),
      )
      expect(MACHINE_NAMES).toEqual(expect.arrayContaining(Object.keys(definitions)))
    }
  })

  test('lists every version that CHANGELOG.md shows as released', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../CHANGELOG.md'), 'utf8')
    const versions = [...text.matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(([, version]) => version!)
    expect(versions.length).toBeGreaterThan(0)
    expect(RELEASES.map(({ version }) => version)).toEqual(expect.arrayContaining(versions))
  })

  test('lists each definition digest once for a machine', () => {
    for (const name of MACHINE_NAMES) {
      const digests = released.filter((one) => one.name === name).map(({ digest }) => digest)
      expect(new Set(digests).size).toBe(digests.length)
    }
  })
})

describe('releasedUpgrades', () => {
  test.each(released)(
    'carries a run of $name at $commit over to the definition of this build',
    ({ name, digest }) => {
      const { definition } = builtins.find((one) => one.definition.name === name)!
      const then: Machine = { ...definition, definitionDigest: digest }
      const now: Machine = { ...definition, upgrade: releasedUpgrades(name), definitionDigest: 'sha256:now' }
      const started = startStep(then, identityOf(then), { at: AT, by: 'alice' })
      const effects = started.effectsAsked.map((effect) => ({
        ...effect,
        seq: 1,
        owner: null,
        leaseUntil: null,
        attempt: 0,
      }))
      const upgraded = buildUpgradeStep(now, started.run, {
        at: AT,
        by: 'alice',
        effects,
        timers: [],
        gatesPassed: [],
      })
      expect(upgraded.run).toMatchObject({
        definitionDigest: 'sha256:now',
        state: started.run.state,
        phase: started.run.phase,
      })
    },
  )
})

const identityOf = ({ name, version, definitionDigest }: Machine) => ({
  runId: 'run-1',
  machine: name,
  version,
  definitionDigest,
  mode: 'dry-run' as const,
  input: {} as { [key: string]: Json },
  startKey: null,
  startedBy: 'alice',
  osUser: 'alice',
  startedAt: AT,
})
