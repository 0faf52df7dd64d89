import { drawn, repeated, shrink } from './choices.ts'
import { Schedule } from './schedule.ts'
import type { PlantedRace } from './scheduler.ts'
import type { WorldOptions } from './simulated-world.ts'

/** One process of the simulation: schedules of a range of seeds, until one fails or the time is over. Its answer is one line of JSON. */

interface Task extends Pick<WorldOptions, 'hasFences'> {
  seed: number
  /** Seeds are `seed`, `seed + stride`, … */
  stride: number
  schedules: number
  seconds: number
  /** The site of a lost update. */
  site?: number
  /** The choices of the only schedule. */
  given?: number[]
}

const task: Task = JSON.parse(process.argv[2]!)
const { seed, stride, schedules, seconds, hasFences = true, site, given } = task
const end = Date.now() + seconds * 1000
const reached = new Set<number>()
let steps = 0

const problemOf = async (choices: ReturnType<typeof drawn>): Promise<string | null> => {
  const race: PlantedRace | null = site === undefined ? null : { site, value: 0, updates: 0 }
  const schedule = new Schedule(choices, { hasFences, race })
  let problem: string | null = null
  try {
    await schedule.run()
  } catch (error) {
    // The ids of processes count on from schedule to schedule; the record also has their numbers in this one.
    problem = String((error as Error).message).replaceAll(/"id":"p\d+"/g, '"id":"p"')
  }
  steps += schedule.scheduler.steps
  for (const one of schedule.scheduler.reached) reached.add(one)
  return race !== null && race.value !== race.updates ? 'an update was lost' : problem
}

/** The fewest choices found that fail as well, and how they fail. */
async function smaller(choices: number[]) {
  const shrunk = await shrink(choices, async (candidate) => (await problemOf(repeated(candidate))) !== null)
  return { shrunk, shrunkProblem: await problemOf(repeated(shrunk)) }
}

async function explore(): Promise<void> {
  let tried = 0
  let failure: object | null = null
  while (tried < schedules && Date.now() < end && failure === null) {
    const own = seed + stride * tried++
    const choices = given === undefined ? drawn(own) : repeated(given)
    const problem = await problemOf(choices)
    if (problem === null) continue
    failure = {
      seed: own,
      problem,
      choices: choices.taken,
      ...(site === undefined && (await smaller(choices.taken))),
    }
  }
  process.stdout.write(`${JSON.stringify({ tried, steps, failure, reached: [...reached] })}\n`)
}

void explore()
