import { openTarget as openRealTarget, type TargetAccess } from '../../../src/targets/postgres/open-target.ts'
import type { Target } from '../../../src/targets/target.ts'
import { crashAt, crashAtCommit, phase } from './crash-point.ts'

export type { TargetAccess } from '../../../src/targets/postgres/open-target.ts'

/** Replaces src/targets/postgres/open-target.ts in the crashing build: it adds kill points inside the transactions that write. */
export function openTarget(access: TargetAccess): Target {
  const target = openRealTarget(access)
  return {
    ...target,
    async write(role, context, work) {
      const name = phase.getStore()
      if (name === undefined) return target.write(role, context, work)
      const place = access.name === `rehearsal ${context.runId}` ? 'copy' : 'target'
      const value = await target.write(role, context, async (sql) => {
        crashAt(name, 'begun', place)
        const made = await work(sql)
        crashAt(name, 'before-commit', place)
        crashAtCommit(name, sql, place)
        return made
      })
      crashAt(name, 'committed', place)
      return value
    },
    async rehearse(role, context, work) {
      const value = await target.rehearse(role, context, work)
      crashAt(phase.getStore() ?? '', 'rehearsed')
      return value
    },
  }
}
