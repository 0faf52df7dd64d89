import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Where a process of the crashing build kills itself: `CRASH_AT=<where>:<point>`. SIGKILL leaves it no say in the matter: no
 * handler, no `finally`, no goodbye to a server.
 */
const chosen = process.env.CRASH_AT ?? ''

/** The phase at work, while its effect is executed or simulated; probes have none. */
export const phase = new AsyncLocalStorage<string>()

export const isChosen = (where: string, point: string) => `${where}:${point}` === chosen

export function crashAt(where: string, point: string): void {
  if (isChosen(where, point)) die()
}

export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('a process outlived its SIGKILL')
}
