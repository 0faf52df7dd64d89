/** Lets at most so many effects work at a time. */
export interface Turns {
  take<Result>(effect: () => Promise<Result>): Promise<Result>
  /** How many work at this moment, and how many wait. */
  count(): { atWork: number; waiting: number }
}

/**
 * Creates the turns of one service. Each effect is a turn of its own, first come, first served, so that a run of many effects keeps nobody
 * waiting for longer than one of them.
 */
export function createTurns(concurrency: number): Turns {
  const queue: (() => void)[] = []
  let atWork = 0
  return {
    async take(effect) {
      if (atWork < concurrency) atWork += 1
      else await new Promise<void>((free) => queue.push(free))
      try {
        return await effect()
      } finally {
        const next = queue.shift()
        // Whoever is next takes this turn, so the number stays.
        if (next === undefined) atWork -= 1
        else next()
      }
    },
    count: () => ({ atWork, waiting: queue.length }),
  }
}
