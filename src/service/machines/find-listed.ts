import type { App } from '../../app/open-app.ts'
import type { InstalledMachine } from '../../engine/engine-deps.ts'

/**
 * Finds a machine that nobody starts now, to show it. One of a user's own is loaded only as its newest run recorded it.
 * @throws MACHINE_NOT_FOUND, MACHINE_CHANGED, INPUT_REFUSED when its module can't be used
 */
export async function findListed({ deps, store }: App, name: string): Promise<InstalledMachine> {
  const [newest = null] = await store.list({ machine: name, limit: 1, onTampered: () => {} })
  return deps.installed(name, newest)
}
