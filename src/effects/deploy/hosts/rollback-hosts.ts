import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { completeStages, formatDeployReport } from '../stages.ts'
import { atHost } from './at-host.ts'
import { describeHosts, type HostRecord, joinStages } from './host-record.ts'
import type { Output } from './with-several.ts'

/** The sentence with which a rollback describes its host. */
export const whatRollbackSays = ({ report }: HostRecord): string => {
  const { what } = (report.rollback ?? {}) as { what?: Json }
  return typeof what === 'string' ? what : 'rolled back'
}

/** Why a host is back on which the run never worked. */
const NOT_DEPLOYED_TO = 'it was not deployed to'

/** A host on which nothing of the run is left. */
const isBack = ({ state }: HostRecord) => state === 'back' || state === 'failed'

/**
 * Takes the hosts of a run back, one with each step, the last live one first. Each goes back by its own recorded way. `left` of its output says how
 * many are left.
 */
export const rollbackHosts = (rollback: Effect): Effect =>
  atHost(rollback, {
    choose: findNextToGoBack,
    after: (record) => ({
      ...record,
      state: 'back',
      why: record.state === 'pending' ? NOT_DEPLOYED_TO : whatRollbackSays(record),
    }),
    more(records, context) {
      const left = records.filter((record) => !isBack(record)).length
      return left > 0 ? { output: { left } } : reportBack(records, context)
    },
  })

/** Live hosts come first, so that a host which cannot be reached in the middle of its deploy keeps none of them. */
function findNextToGoBack(records: HostRecord[]): HostRecord | undefined {
  for (const state of ['live', 'tried', 'working', 'pending']) {
    const found = records.findLast((record) => record.state === state)
    if (found !== undefined) return found
  }
}

function reportBack(
  records: HostRecord[],
  { runId }: EffectContext,
): { output: Output; evidence: ReturnType<typeof bytesEvidence>[] } {
  const standsAs = describeEnd(records)
  const lines = describeHosts(records)
  const text = formatDeployReport(
    `Deploy ${runId}: rolled back`,
    completeStages(joinStages(records), 'it was not reported'),
    lines,
  )
  return {
    output: { left: 0, report: { standsAs } },
    evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
  }
}

/** How many hosts were taken back, and how many the run never deployed to. */
function describeEnd(records: HostRecord[]): string {
  const untouched = records.filter(({ state, why }) => state === 'back' && why === NOT_DEPLOYED_TO).length
  const back = countHosts(records.length - untouched)
  return untouched === 0
    ? `rolled back on ${back}`
    : `rolled back on ${back}; ${countHosts(untouched)} not deployed to`
}

const countHosts = (count: number) => `${count} ${count === 1 ? 'host' : 'hosts'}`
