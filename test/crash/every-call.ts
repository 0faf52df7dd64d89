import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CutterHome } from '../support/cli.ts'
import { type Call, type Killer, makeKiller, WHEN } from './kill-at-call.ts'
import { describeEnding } from './spawn-program.ts'

/** A piece of work that several commands complete, such as a run from its start to its end. */
export interface Story {
  /** What is killed, for people: the machine and the mode. */
  name: string
  /** How many of its points are tried where CUTTER_CRASH_POINTS does not say. Left out: 10. */
  points?: number
  at(): CutterHome
  env?(): NodeJS.ProcessEnv
  /** The next command of an operator, or null when the piece of this name is complete. */
  next(piece: string): Promise<string[] | null>
  /** What the piece left, in a form that is the same for each piece. */
  result(piece: string): Promise<unknown>
}

/** CUTTER_CRASH_POINTS: how many points of each story are tried, or `all`. CUTTER_CRASH_SEED chooses which. */
export const MOST = process.env.CUTTER_CRASH_POINTS ?? null
export const SEED = Number(process.env.CUTTER_CRASH_SEED ?? Math.floor(Date.now() / 86_400_000))

/** A command of the undisturbed piece by its place, and a call in it. */
interface Point extends Call {
  command: number
  when: (typeof WHEN)[number]
}

/** Kills a story at its calls, before and after each, and continues it. It must leave what an undisturbed one leaves. */
export function testEveryCall(story: Story): void {
  let killer: Killer | { why: string }
  const tried: Point[] = []
  let died = 0
  let survived = 0
  let points: Point[] = []
  let undisturbed: unknown

  beforeAll(async () => {
    killer = makeKiller(story.at())
    if ('why' in killer) return
    // The first piece of a home makes what later ones find.
    await recordAll(killer, 'first')
    const commands = await recordAll(killer, 'undisturbed')
    const all = commands.flatMap((calls, command) =>
      calls.flatMap((call) => WHEN.map((when): Point => ({ command, when, ...call }))),
    )
    undisturbed = await story.result('undisturbed')
    points = MOST === 'all' ? all : chosenOf(all, Number(MOST ?? story.points ?? 10))
    console.log(
      `${story.name}: ${all.length} points (${countKinds(all)}); seed ${SEED} takes ${points.length}`,
    )
  }, 600_000)

  afterAll(() => {
    console.log(
      `${story.name}: ${tried.length} kill points tried (${countKinds(tried)}), ${died} processes killed, ${survived} survived`,
    )
  })

  test(`${story.name}, killed at calls to the system, leaves what an undisturbed one leaves`, async ({
    skip,
  }) => {
    if ('why' in killer) return skip(killer.why)
    for (const [index, point] of points.entries()) {
      const piece = `piece-${index}`
      const where = `command ${point.command + 1}, ${point.when} call ${point.number} (${point.kind}); CUTTER_CRASH_SEED=${SEED}`
      tried.push(point)
      await killOnce(killer, piece, point, where)
      expect(await story.result(piece), where).toEqual(undisturbed)
      survived++
    }
    // Threads make that a command may have a few calls less than the undisturbed one.
    expect(died).toBeGreaterThan(points.length / 2)
  }, 7_200_000)

  /** The calls of each command of a piece that nothing disturbs. */
  async function recordAll(records: Killer, piece: string): Promise<Call[][]> {
    const commands: Call[][] = []
    for (;;) {
      const args = await story.next(piece)
      if (args === null) return commands
      const { ending, calls } = await records.record(args, story.env?.())
      expect(ending.code, describeEnding(ending)).toBe(0)
      commands.push(calls)
    }
  }

  async function killOnce(kills: Killer, piece: string, point: Point, where: string): Promise<void> {
    // A command more for what was killed, and one for an approval that it may have used up.
    for (let command = 0; command < 12; command++) {
      const args = await story.next(piece)
      if (args === null) return
      const isKilled = command === point.command
      const ending = await kills.kill(args, isKilled ? point.number : 0, point.when, story.env?.())
      if (isKilled && ending.signal === 'SIGKILL') died++
      else expect(ending.code, `${where}: ${describeEnding(ending)}`).toBe(0)
    }
    throw new Error(`${where}: the piece does not end`)
  }
}

export function countKinds(points: Call[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of points) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, n]) => `${kind} ${n}`).join(', ')
}

/** So many points, evenly of each kind, drawn from the seed. */
export function chosenOf<One extends Call>(all: One[], count: number): One[] {
  let state = SEED >>> 0
  const below = (n: number) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return state % n
  }
  const kinds = [...new Set(all.map(({ kind }) => kind))].map((kind) =>
    all.filter((one) => one.kind === kind),
  )
  const chosen: One[] = []
  for (let turn = 0; chosen.length < Math.min(count, all.length); turn++) {
    const left = kinds[turn % kinds.length]!
    if (left.length > 0) chosen.push(...left.splice(below(left.length), 1))
  }
  return chosen
}
