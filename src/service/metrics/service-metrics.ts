import type { Home } from '../../app/open-home.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { examineRuns } from '../doctor/open-runs.ts'
import type { Turns } from '../turns.ts'
import { countSteps } from './count-steps.ts'
import { type Instruments, makeInstruments } from './instruments.ts'
import { examineNowAndThen, type StrandedRuns } from './stranded-runs.ts'

/** What a service tells those who watch it. */
export interface ServiceMetrics {
  /** The media type of the text. */
  type: string
  /**
   * The metrics as Prometheus reads them. What the store holds is counted at each call.
   * @throws ACCESS_REFUSED
   */
  read(home: Pick<Home, 'caller'>): Promise<string>
  /** Waits until nothing is examined any more. */
  close(): Promise<void>
}

interface Measured {
  /** The home as whoever runs the service reaches it. */
  home: Home
  deps: EngineDeps
  turns: Turns
  activeRuns(): number
  warn(err: unknown, what: string): void
}

/** Starts to count what a service does: it watches the steps, turns and commits of `deps` from now on. */
export function startMetrics({ home, deps, turns, activeRuns, warn }: Measured): ServiceMetrics {
  const instruments = makeInstruments()
  const steps = countSteps(deps, turns, instruments, (err) => warn(err, 'a wait at a gate was not measured'))
  const stranded = examineNowAndThen(
    () => examineRuns(home),
    (err) => warn(err, 'open runs could not be examined'),
  )
  return {
    type: instruments.registry.contentType,
    async read(asked) {
      assertRole(asked, 'read metrics')
      assertUnlimited(asked, 'read metrics')
      await steps.settled()
      await showStore(home, deps, instruments)
      await showOutbox(home, deps, instruments)
      showStranded(stranded.newest(), instruments)
      const { atWork, waiting } = turns.count()
      instruments.atWork.set(atWork)
      instruments.queued.set(waiting)
      instruments.runsAtWork.set(activeRuns())
      return instruments.registry.metrics()
    },
    close: () => stranded.idle(),
  }
}

async function showStore(
  { store }: Home,
  { clock }: EngineDeps,
  { runs, waiting, longestWait, storeBytes }: Instruments,
) {
  const figures = await store.figures()
  for (const gauge of [runs, waiting, longestWait]) gauge.reset()
  for (const { count, ...labels } of figures.runs) runs.set(labels, count)
  for (const { count, since, ...labels } of figures.gates) {
    waiting.set(labels, count)
    longestWait.set(labels, (clock.now().getTime() - Date.parse(since)) / 1_000)
  }
  for (const [part, bytes] of Object.entries(figures.bytes)) storeBytes.set({ part }, bytes)
}

async function showOutbox(
  { store }: Home,
  { clock }: EngineDeps,
  { messages, oldestMessage }: Instruments,
): Promise<void> {
  for (const gauge of [messages, oldestMessage]) gauge.reset()
  for (const { receiver, state, count, since } of await store.countMessages()) {
    messages.set({ receiver, state }, count)
    if (state === 'waiting')
      oldestMessage.set({ receiver }, (clock.now().getTime() - Date.parse(since)) / 1_000)
  }
}

function showStranded(found: StrandedRuns | null, { stranded, examined }: Instruments): void {
  stranded.reset()
  if (found === null) return
  for (const [machine, count] of found.byMachine) stranded.set({ machine }, count)
  examined.set(found.at.getTime() / 1_000)
}
