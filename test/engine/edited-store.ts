import { expect } from 'vitest'
import { takePolicySnapshot } from '../../src/approvals/policy-snapshot.ts'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import type { Run } from '../../src/domain/run.ts'
import { approvalFor, aWorld, type Script, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { withDatabase } from '../store/store-folders.ts'

/** Runs whose phases leave evidence, and edits of the store behind their back by somebody who dropped the triggers first. */

export const PLAN = {
  actions: [{ action: 'create', address: 'A/1' }],
  rollback: { beforeCommit: 'ROLLBACK' },
}

/** A world whose `cutplan` leaves a plan, and whose `source_pin` leaves a source. */
export function aWorldWithEvidence(script: Script = succeeds): World {
  const world = aWorld((name) => {
    const planned = ['cutplan', 'recheck_cut'].includes(name) ? { planDigest: planOf(name).digest } : null
    const event = script(name)
    return planned === null || event.error !== undefined ? event : { ...event, output: planned }
  })
  const { installed } = world.parts
  world.parts.installed = async (name, run) => {
    const machine = await installed(name, run)
    const left = { cutplan: [planOf('cutplan')], source_pin: [jsonEvidence('source', { text: 'One.' })] }
    const effects = Object.fromEntries(
      Object.entries(machine.effects).map(([key, effect]) => {
        const execute: typeof effect.execute = async (...given) => ({
          ...(await effect.execute(...given)),
          evidence: left[key as keyof typeof left] ?? [],
        })
        return [key, { ...effect, execute }]
      }),
    )
    return { ...machine, effects }
  }
  return world
}

/** The same, and what decides at its gates is recorded. */
export function aWorldWithPolicies(): World {
  const world = aWorldWithEvidence()
  const { policy } = world.parts
  const rules = { trust: { allowedSigners: import.meta.filename }, strict: 'modes', operators: null } as const
  world.parts.inForce = (machine, gate) =>
    takePolicySnapshot({ ...rules, machine, gate, policy: policy(machine, gate) })
  return world
}

const planOf = (_phase: string) => jsonEvidence('plan/SG1', PLAN)

export async function approved(world: World, run: Run): Promise<Run> {
  return world.engine.resume(run.runId, { approvalId: (await approvalFor(world, run)).approvalId })
}

/** A run that waits at its second gate: one approval is used, another lies unused. */
export async function atSecondGate(world: World): Promise<Run> {
  const run = await approved(world, await start(world))
  await approvalFor(world, run)
  return run
}

/** Each statement must change something, so that no test passes because its edit met nothing. */
export function edit({ file }: Pick<World, 'file'>, runId: string, ...statements: string[]): void {
  withDatabase(file, (db) => {
    const triggers = db.prepare("select name from sqlite_schema where type = 'trigger'").pluck().all()
    for (const name of triggers) db.exec(`drop trigger ${name}`)
    db.pragma('foreign_keys = off')
    db.pragma('ignore_check_constraints = on')
    for (const sql of statements) {
      const { changes } = db.prepare(sql).run(sql.includes('@id') ? { id: runId } : {})
      expect(changes, sql).toBeGreaterThan(0)
    }
  })
}
