import { CutterError } from '../../../domain/errors.ts'
import type { Json } from '../../../domain/json.ts'
import type { Mode, Run } from '../../../domain/run.ts'
import type { RunStore } from '../../../store/run-store.ts'
import {
  approveTrialRun,
  beginLife,
  type Life,
  makeTrialHome,
  resumeTrialRun,
  startTrialRun,
  type TrialKeys,
} from './trial-home.ts'
import type { Watch } from './watched-effects.ts'

/** A run of a trial, driven to its end. */
export interface DrivenRun {
  /** Null when nothing was started. */
  run: Run | null
  /** The milestones that it reached, in their order. */
  states: string[]
  /** Why it did not close as succeeded. Null when it did. */
  fault: string | null
}

/** More gates than any chart needs that ends. */
const MOST_TURNS = 50

export interface Driven {
  file: string
  machine: string
  input: { [field: string]: Json }
  mode: Mode
  watch: Watch | null
}

/** Starts a run in a home of its own, and drives it to its end. */
export async function driveRun(given: Driven): Promise<DrivenRun> {
  const home = makeTrialHome(given.machine)
  try {
    return await driveIn(home, given)
  } finally {
    home.remove()
  }
}

/** Starts or continues the run of a home, and drives it to its end: approves every plan, and resumes it whenever its process was killed. */
export async function driveIn(home: TrialKeys, given: Driven): Promise<DrivenRun> {
  let life = await beginLife(home, given.file, given.watch)
  try {
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      const run = await turn(life, home, given)
      if (run === null) {
        // The write would have been done twice: there is nothing more to learn from this run.
        if ((given.watch?.faults.length ?? 0) > 0) return await described(life.app.store, null)
        await life.close()
        life = await beginLife(home, given.file, given.watch)
      } else if (run.status !== 'paused') return await described(life.app.store, endFault(run))
    }
    return await described(life.app.store, endless(await life.app.store.list({ limit: 1 })))
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    return await described(life.app.store, faultOfRefusal(error))
  } finally {
    await life.close()
  }
}

/** One command of an operator. Null when its process was killed. */
async function turn(life: Life, home: TrialKeys, { machine, input, mode }: Driven): Promise<Run | null> {
  const [run] = await life.app.store.list({ limit: 1 })
  try {
    if (run === undefined) return await startTrialRun(life, machine, input, mode)
    if (run.status === 'paused') return await approveTrialRun(life, home, run)
    return await resumeTrialRun(life, run.runId)
  } catch (error) {
    if (life.isDead()) return null
    throw error
  }
}

function endless([run]: Run[]): string {
  const where = run === undefined ? '' : ` and comes to gate ${run.gate} in ${run.state} again and again`
  return `it does not close within ${MOST_TURNS} approvals${where}: the chart needs a way out, such as a guarded transition to a final state`
}

function faultOfRefusal({ message, data: { differences }, next }: CutterError): string {
  if (!Array.isArray(differences)) return next === undefined ? message : `${message}; ${next}`
  return `its plan differs each time that it is made of the same world (${differences.join('; ')}): a plan has no time, no run id and no random value`
}

function endFault(run: Run): string | null {
  if (run.status === 'stopped') {
    const { code, message, next } = run.stop
    return `it stopped in ${run.state} (${code}): ${message}${next === undefined || next.includes('<run>') ? '' : `; ${next}`}`
  }
  return run.outcome === 'succeeded' ? null : `it closed as ${run.outcome} in ${run.state}`
}

async function described(store: RunStore, fault: string | null): Promise<DrivenRun> {
  const [run = null] = await store.list({ limit: 1 })
  const history = run === null ? [] : await store.history(run.runId)
  const states = history.map(({ state }) => state)
  return { run, states: states.filter((state, at) => state !== states[at - 1]), fault }
}
