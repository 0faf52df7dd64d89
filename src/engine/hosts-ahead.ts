import { type HostOutcome, listHostOutcomes } from '../domain/host-outcomes.ts'
import type { Run } from '../domain/run.ts'

/** Where a host of a run with several hosts stands, and the phases that come for it, in their order. */
export interface HostAhead extends HostOutcome {
  ahead: string[]
}

interface Ahead {
  state: string
  phase: string | null
}

/** The state in which the run has chosen its next host, and the last phase of each host. */
const CHOSEN = 'HOST_CHOSEN'
const LAST = 'finish'

/**
 * Says for each host of a run where it stands, and what comes for it on the predicted way of the run. The way names the phases of one host,
 * and the run goes through them once for each that waits. Empty for a run with one host.
 */
export function listHostsAhead(run: Pick<Run, 'machine' | 'output'>, way: Ahead[]): HostAhead[] {
  const phases = way.flatMap(({ phase }) => (phase === null ? [] : [phase]))
  return listHostOutcomes(run).map((host) => ({ ...host, ahead: phasesFor(host.state, way, phases) }))
}

function phasesFor(state: string, way: Ahead[], phases: string[]): string[] {
  if (state === 'back') return []
  if (phases.includes('rollback')) return state === 'failed' ? [] : ['rollback']
  const isTriedAgain = state === 'failed' && phases.includes('retry_hosts')
  const chosen = way.findIndex((one) => one.state === CHOSEN)
  if (chosen === -1) return state === 'failed' ? [] : phases
  if (state === 'working') return upToLast(phases)
  return state === 'pending' || isTriedAgain ? phasesOfNext(way, chosen) : []
}

/** The phases of a host that is chosen. The way ends where it repeats itself, so that what it began with completes it. */
function phasesOfNext(way: Ahead[], chosen: number): string[] {
  const named = (part: Ahead[]) => part.flatMap(({ phase }) => (phase === null ? [] : [phase]))
  const next = named(way.slice(chosen))
  return next.includes(LAST) ? upToLast(next) : [...next, ...upToLast(named(way.slice(0, chosen)))]
}

const upToLast = (phases: string[]): string[] =>
  phases.includes(LAST) ? phases.slice(0, phases.indexOf(LAST) + 1) : phases
