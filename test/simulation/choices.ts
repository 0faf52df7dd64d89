/** All that is left to chance in a schedule: numbers drawn from a seed, or given ones to repeat a schedule. */
export interface Choices {
  /** A number from 0 to n - 1. 0 is what happens in a quiet world: nothing fails, and whoever works continues. */
  below(n: number): number
  /** A number from 1 to n - 1 with this probability, else 0. */
  rarely(probability: number, n: number): number
  /** What was drawn so far. */
  readonly taken: number[]
}

/** Draws from a seed (mulberry32), a 32-bit number. */
export function drawn(seed: number): Choices {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const taken: number[] = []
  const keep = (choice: number) => {
    taken.push(choice)
    return choice
  }
  return {
    taken,
    below: (n) => keep(Math.floor(random() * n)),
    rarely: (probability, n) => keep(random() < probability ? 1 + Math.floor(random() * (n - 1)) : 0),
  }
}

/** Repeats what was drawn; 0 where nothing is left of it. */
export function repeated(given: number[]): Choices {
  const taken: number[] = []
  const below = (n: number) => {
    const choice = Math.min(given[taken.length] ?? 0, n - 1)
    taken.push(choice)
    return choice
  }
  return { taken, below, rarely: (_, n) => below(n) }
}

/**
 * Makes a failing list of choices smaller: leaves out and sets to 0 as much as possible, as long as it still fails.
 * @param fails whether a schedule of these choices fails
 */
export async function shrink(
  failing: number[],
  fails: (choices: number[]) => Promise<boolean>,
  mostTrials = 400,
): Promise<number[]> {
  let best = withoutTail(failing)
  let trials = 0
  const attempt = async (candidate: number[]) => {
    if (trials++ >= mostTrials || !(await fails(candidate))) return false
    best = withoutTail(candidate)
    return true
  }
  const without = (from: number, to: number) => [...best.slice(0, from), ...best.slice(to)]
  const quiet = (from: number, to: number) =>
    best.map((choice, index) => (index >= from && index < to ? 0 : choice))
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && trials < mostTrials; ) {
      const isQuiet = best.slice(at, at + size).every((choice) => choice === 0)
      if (await attempt(without(at, at + size))) continue
      if (isQuiet || !(await attempt(quiet(at, at + size)))) at += size
    }
  }
  return best
}

/** Choices of 0 at the end are those that are not given. */
function withoutTail(choices: number[]): number[] {
  return choices.slice(0, choices.findLastIndex((choice) => choice !== 0) + 1)
}
