import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The point at which a process of the crashing build kills itself: `CRASH_AT=<where>:<point>`. After SIGKILL runs no handler and no
 * `finally`, and no server learns that the client is gone.
 */
const chosen = process.env.CRASH_AT ?? ''

/** The phase whose effect is being executed or simulated. Probes have none. */
export const phase = new AsyncLocalStorage<string>()

export const isChosen = (where: string, point: string) => `${where}:${point}` === chosen

export function crashAt(where: string, point: string): void {
  if (isChosen(where, point)) die()
}

export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('a process outlived its SIGKILL')
}
