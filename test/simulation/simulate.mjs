// Builds the simulation and lets several processes of it explore seeds.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildSimulation } from './build-simulation.mjs'
import { REINTRODUCED } from './reintroduced-faults.mjs'

const root = resolve(import.meta.dirname, '../..')

/**
 * @param {string | undefined} fault a name in REINTRODUCED
 * @returns {Promise<{ sites: string[], explore(task: object, count?: number): Promise<object>, remove(): void }>}
 */
export async function prepareSimulation(fault) {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-simulation-'))
  const file = join(folder, 'simulation.cjs')
  const { edits = [], hasFences = true } = fault === undefined ? {} : REINTRODUCED[fault]
  const sites = await buildSimulation(file, edits)
  const env = {
    ...process.env,
    MIGRATIONS: join(root, 'migrations/store/sqlite'),
    NODE_PATH: join(root, 'node_modules'),
    SIMULATED_STORE: join(folder, 'store.db'),
  }

  function exploreAlone(task) {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', '--max-semi-space-size=64', file, JSON.stringify({ hasFences, ...task })],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env,
      },
    )
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    const answer = new Promise((resolve, reject) =>
      child.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(output))
        else if (child.killed) resolve(null)
        else reject(new Error(`the simulation ended with ${code}`))
      }),
    )
    return { child, answer }
  }

  /** Explores as many schedules as the task says, in as many processes as there are cores. The first failure ends all. */
  async function explore({ seed, schedules, ...task }, count = availableParallelism()) {
    const processes = Array.from({ length: count }, (_, index) =>
      exploreAlone({ ...task, seed: seed + index, stride: count, schedules: Math.ceil(schedules / count) }),
    )
    const endOthersAtFailure = (one) => {
      if (one !== null && one.failure !== null) for (const { child } of processes) child.kill()
      return one
    }
    const ended = await Promise.all(processes.map(({ answer }) => answer.then(endOthersAtFailure)))
    const answers = ended.filter((one) => one !== null)
    return {
      tried: answers.reduce((sum, { tried }) => sum + tried, 0),
      steps: answers.reduce((sum, { steps }) => sum + steps, 0),
      reached: new Set(answers.flatMap(({ reached }) => reached.filter((site) => site >= 0))),
      failure: answers.map(({ failure }) => failure).find((failure) => failure !== null) ?? null,
    }
  }
  return { sites, explore, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
