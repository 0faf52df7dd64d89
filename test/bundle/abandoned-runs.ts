import { expect, vi } from 'vitest'
import type { Probe } from '../../src/domain/effect.ts'
import type { Run } from '../../src/domain/run.ts'
import { createEngine } from '../../src/engine/engine.ts'
import { signApproval } from '../../src/engine/manage-approvals.ts'
import { INPUT } from '../machines/crashing-engine.ts'
import { ALICE, type Bundles } from './bundle-fixture.ts'

/** Runs whose write was begun and whose target is gone for good, and their end. */

/** What the target says when it is asked about `cut_leg_a`. A test changes it. */
export interface LostTarget {
  probe: () => Promise<Probe<unknown>>
}

const missing = async (): Promise<Probe<unknown>> => ({ outcome: 'not-committed' })
const silent = async (): Promise<Probe<unknown>> => ({ outcome: 'unknown', why: 'no server' })

/** Makes the connection of `cut_leg_a` break in its write. Nobody knows afterwards whether it was committed. */
export function loseTarget({ world }: Bundles): LostTarget {
  const target: LostTarget = { probe: missing }
  const { installed } = world.parts
  world.parts.installed = async (name, run) => {
    const found = await installed(name, run)
    const execute = async () => {
      target.probe = silent
      throw new Error('the connection broke')
    }
    const write = { ...found.effects.cut_leg_a!, execute, probe: () => target.probe() }
    return { ...found, effects: { ...found.effects, cut_leg_a: write as never } }
  }
  return target
}

/** A live run that is stopped after its write was begun. */
export async function aStrandedRun(at: Bundles): Promise<Run> {
  loseTarget(at)
  return at.approve(await at.started('live'))
}

/**
 * A live run whose process died in its first effect, and the next process over the store. `kind: 'write'` makes that effect a trial that may come
 * before an approval.
 */
export async function aRunThatDied(at: Bundles, kind: 'read' | 'write'): Promise<Run> {
  const { world } = at
  const { installed } = world.parts
  const begun = vi.fn()
  world.parts.installed = async (name, run) => {
    const found = await installed(name, run)
    const execute = () => {
      begun()
      return new Promise<never>(() => {})
    }
    const trial = { beforeApproval: true, simulate: execute, probe: missing }
    const first = {
      ...found.effects.source_pin!,
      ...(kind === 'write' ? trial : {}),
      kind,
      execute,
    }
    return { ...found, effects: { ...found.effects, source_pin: first as never } }
  }
  world.engine.start('cut', INPUT, { mode: 'live', by: 'deploybot' }).catch(() => {})
  await expect.poll(() => begun.mock.calls.length).toBe(1)
  const [run] = await world.store.list({ status: 'working', limit: 1 })
  inNextProcess(at)
  return run!
}

/** The next process over the store, after this one died. */
export function inNextProcess({ world }: Bundles): void {
  Object.assign(world.parts, {
    owner: () => ({ id: '99', host: 'here', pid: 99 }),
    ownerAlive: () => false,
  })
  world.engine = createEngine(world.parts)
}

/** Signs the abandonment of a run and returns the approval's id. */
export async function signAbandonment(at: Bundles, { runId }: Run, as = ALICE): Promise<string> {
  const keyFile = at.keys.path(as.split('@')[0]!)
  const how = { as, keyFile, decision: 'abandon' as const, reason: 'the server is gone for good' }
  return (await signApproval(at.world.parts, runId, how)).approval.approvalId
}

/** Abandons a run by the people of the bundle maker. */
export async function abandoned(at: Bundles, run: Run, ...signers: string[]): Promise<Run> {
  for (const as of signers) await signAbandonment(at, run, as)
  return at.world.engine.abandon(run.runId, { approvalId: await signAbandonment(at, run) })
}
