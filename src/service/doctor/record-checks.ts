import type { App } from '../../app/open-app.ts'
import { CutterError } from '../../domain/errors.ts'
import { loadRun } from '../../engine/load-run.ts'
import { eachRun } from '../../store/each-run.ts'
import type { Finding } from './finding.ts'

/** How many runs are checked at most, so that a large store is examined in seconds. Open runs are all checked. */
export const MOST_RUNS = 1_000

/** Finds the runs whose records do not hold: all open ones, and the newest of all runs. One finding for each, by the run's id. */
export async function findTamperedRuns({ deps }: Pick<App, 'deps'>): Promise<Map<string, Finding>> {
  const found = new Map<string, Finding>()
  const add = (error: unknown) => {
    if (!(error instanceof CutterError) || error.code !== 'STORE_TAMPERED') throw error
    const { message, next = '' } = error
    found.set(String(error.data.runId), { check: 'records of runs', status: 'fail', message, next })
  }
  for (const runId of await listRunIds(deps, add)) await loadRun(deps, runId).catch(add)
  return found
}

async function listRunIds({ store }: App['deps'], onTampered: (error: Error) => void): Promise<Set<string>> {
  const newest = await store.list({ limit: MOST_RUNS, onTampered })
  const runIds = new Set(newest.map(({ runId }) => runId))
  for (const status of ['working', 'paused', 'stopped'] as const)
    for await (const { runId } of eachRun(store, { status, onTampered })) runIds.add(runId)
  return runIds
}
