import { AsyncLocalStorage } from 'node:async_hooks'
import type { Sql } from '../../../src/targets/target.ts'

/**
 * The point at which a process of the crashing build kills itself: `CRASH_AT=<where>:<point>`, or `target/<where>:<point>` and
 * `copy/<where>:<point>` for a phase that writes to the target and to its rehearsal copy. `<where>:<point>#3` is the third time that it is
 * passed. Of several points, separated by commas, the first that is reached counts. After SIGKILL runs no handler and no
 * `finally`, and no server learns that the client is gone. With `CRASH_SIGNAL=SIGSTOP` it suspends itself, and continues when it is woken.
 */
const chosen = (process.env.CRASH_AT ?? '').split(',').map((one) => {
  const [, place, at, nth = '1'] = /^(?:(target|copy)\/)?(.*?)(?:#(\d+))?$/.exec(one)!
  return { place, at, left: Number(nth) }
})
const signal = process.env.CRASH_SIGNAL ?? 'SIGKILL'

/** The phase whose effect is being executed or simulated. Probes have none. */
export const phase = new AsyncLocalStorage<string>()

/** A process that was woken passes the same point again. */
let wasThere = false
type Place = 'target' | 'copy'
function isChosen(where: string, point: string, place: Place): boolean {
  const one = chosen.find(({ at, place: only = place }) => at === `${where}:${point}` && only === place)
  if (wasThere || one === undefined) return false
  one.left -= 1
  return one.left === 0
}

export function crashAt(where: string, point: string, place: Place = 'target'): void {
  if (isChosen(where, point, place)) die()
}

/** The point `commit-sent`: an idle client passes a query to the socket, and the socket to the kernel, before `query` returns. */
export function crashAtCommit(where: string, sql: Sql, place: Place = 'target'): void {
  if (!isChosen(where, 'commit-sent', place)) return
  const query = sql.query.bind(sql) as (text: string) => Promise<unknown>
  Object.assign(sql, {
    query: (text: string) => {
      const answer = query(text)
      if (text === 'commit') die()
      return answer
    },
  })
}

function die(): void {
  wasThere = true
  process.kill(process.pid, signal)
  if (signal === 'SIGKILL') throw new Error('a process outlived its SIGKILL')
}
