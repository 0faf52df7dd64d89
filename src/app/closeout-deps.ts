import { hostname } from 'node:os'
import { join } from 'node:path'
import type { CloseoutDeps } from '../bundle/sign-closeout.ts'
import { systemClock } from '../domain/clock.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Tools } from '../tools/open-tools.ts'

/** Returns what signing a closeout needs of a home. The instance's key is in the same folder as the store. */
export function closeoutDeps(home: string, store: RunStore, tools: Tools | undefined): CloseoutDeps {
  return { store, clock: systemClock, folder: join(home, 'var'), host: hostname(), tools }
}
