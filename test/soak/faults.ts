import { setTimeout as sleep } from 'node:timers/promises'
import type { SoakHome } from './soak-home.ts'

/** A fault of the rotation: it is there for a time, and then gone. */
export interface Fault {
  name: string
  /** Why it is not possible here, or null. */
  missing(home: SoakHome): string | null
  /** Lets it happen for so long, in milliseconds. @returns once all is as before */
  happen(home: SoakHome, ms: number): Promise<void>
}

const possible = () => null

export const FAULTS: Fault[] = [
  {
    name: 'kill -9 of the service',
    missing: possible,
    happen: (home) => home.killService(),
  },
  {
    name: 'a full disk',
    missing: ({ missing }) => missing.disk,
    async happen(home, ms) {
      // Whatever is freed meanwhile is filled, too.
      for (const end = performance.now() + ms; performance.now() < end; await sleep(200)) home.setFull(true)
      home.setFull(false)
    },
  },
  {
    name: 'a slow disk (2 ms a sync)',
    missing: ({ missing }) => missing.syncs,
    async happen(home, ms) {
      home.setSlow(true)
      await sleep(ms)
      home.setSlow(false)
    },
  },
  {
    name: 'a restart of PostgreSQL',
    missing: possible,
    happen: ({ cluster }) => cluster.restart(),
  },
  {
    name: 'cuts of the network',
    missing: possible,
    async happen({ relay }, ms) {
      for (const end = performance.now() + ms; performance.now() < end; await sleep(ms / 8)) {
        relay.cutAfter(0)
        relay.shut(true)
        await sleep(ms / 8)
        relay.shut(false)
      }
    },
  },
  {
    name: 'a network that passes nothing',
    missing: possible,
    async happen({ relay }, ms) {
      relay.freeze()
      await sleep(ms)
      relay.cutAfter(0)
    },
  },
  {
    name: 'a clock that is moved',
    missing: possible,
    async happen(home, ms) {
      for (const seconds of [900, -300, 60, 0]) {
        home.setClock(seconds)
        await sleep(ms / 4)
      }
    },
  },
]
