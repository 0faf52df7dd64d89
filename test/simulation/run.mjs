// npm run test:simulation -- --seed N --minutes M --schedules N --fault "stale workers" --choices "[1,0,2]"
import { parseArgs } from 'node:util'
import { prepareSimulation } from './simulate.mjs'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
    minutes: { type: 'string' },
    schedules: { type: 'string', default: '20000' },
    fault: { type: 'string' },
    choices: { type: 'string' },
  },
})
const seed = Number(values.seed) * (values.seed.length < 8 ? 1_000_003 : 1)
const seconds = values.minutes === undefined ? 3600 : 60 * Number(values.minutes)
const schedules = values.minutes === undefined ? Number(values.schedules) : Number.MAX_SAFE_INTEGER
const given = values.choices === undefined ? {} : { given: JSON.parse(values.choices) }

const simulation = await prepareSimulation(values.fault)
try {
  const began = Date.now()
  const { tried, steps, reached, failure } = await simulation.explore(
    { seed, seconds, schedules: values.choices === undefined ? schedules : 1, ...given },
    values.choices === undefined ? undefined : 1,
  )
  const took = ((Date.now() - began) / 1000).toFixed(0)
  const { sites } = simulation
  console.log(
    `${tried} schedules, ${steps} steps, in ${took} s; seeds from ${seed} on; ${reached.size} of ${sites.length} awaits reached`,
  )
  if (failure !== null) {
    const again = `npm run test:simulation --${values.fault === undefined ? '' : ` --fault '${values.fault}'`} --choices`
    console.log(`seed ${failure.seed} fails: ${failure.problem}`)
    console.log(`made smaller, it fails with: ${failure.shrunkProblem}`)
    console.log(`again: ${again} '${JSON.stringify(failure.shrunk)}'`)
    process.exitCode = 1
  }
} finally {
  simulation.remove()
}
