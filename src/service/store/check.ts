import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { describeLostRuns } from './lost-runs.ts'
import { examineStore } from './store-copies.ts'

/** What `store check --json` prints. */
export interface StoreCheck {
  runs: number
  entries: number
  /** A sentence for each page that can't be read, each history without a run, and each run whose record does not hold. */
  faults: string[]
}

/** Reads every page of the home's store, and checks every run in it. Changes nothing. */
export async function checkStore(home: Home): Promise<StoreCheck> {
  assertRole(home, 'check the store')
  assertUnlimited(home, 'check the store')
  const pages = await home.store.check()
  if (pages.length > 0) return { runs: 0, entries: 0, faults: pages }
  const { runs, entries, faults } = await examineStore(home.store)
  return { runs, entries, faults: [...(await describeLostRuns(home.store, { all: true })), ...faults] }
}
