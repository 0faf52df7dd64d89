import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** From a millisecond to minutes, in seconds. */
const WORK = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800]
/** People take from a minute to a week, in seconds. */
const PEOPLE = [60, 300, 900, 3_600, 14_400, 28_800, 86_400, 259_200, 604_800]
/** A commit takes from half a millisecond to seconds. */
const COMMITS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

export type Instruments = ReturnType<typeof makeInstruments>

/**
 * Everything that `/metrics` tells, with its name, labels and unit. A label has few values: names of machines, states, gates and effects from
 * charts, codes, and receivers of cutter.yaml. No label names a run, a person, a document or a target, because each new value is a new series, and whoever
 * reads metrics need not know them.
 */
export function makeInstruments() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    runs: new Gauge({
      name: 'cutter_runs',
      help: 'Runs in the store',
      labelNames: ['machine', 'state', 'status'],
      registers,
    }),
    runsAtWork: new Gauge({
      name: 'cutter_runs_at_work',
      help: 'Runs on which this service works',
      registers,
    }),
    waiting: new Gauge({
      name: 'cutter_gate_waiting_runs',
      help: 'Runs that wait at a gate',
      labelNames: ['machine', 'gate'],
      registers,
    }),
    longestWait: new Gauge({
      name: 'cutter_gate_longest_wait_seconds',
      help: 'How long the run that came first has been waiting at a gate',
      labelNames: ['machine', 'gate'],
      registers,
    }),
    waited: new Histogram({
      name: 'cutter_gate_wait_seconds',
      help: 'Time from the arrival at a gate until an approval was used',
      labelNames: ['machine', 'gate'],
      buckets: PEOPLE,
      registers,
    }),
    effects: new Counter({
      name: 'cutter_effects_total',
      help: 'Effects that ended since the service started; the outcome is execute, simulate, probe, or a stop code',
      labelNames: ['machine', 'effect', 'outcome'],
      registers,
    }),
    effectTime: new Histogram({
      name: 'cutter_effect_seconds',
      help: 'Working time of an effect',
      labelNames: ['machine', 'effect'],
      buckets: WORK,
      registers,
    }),
    stepTime: new Histogram({
      name: 'cutter_step_seconds',
      help: 'Time to save a step, with the wait for a shared commit',
      buckets: COMMITS,
      registers,
    }),
    atWork: new Gauge({ name: 'cutter_effects_at_work', help: 'Effects at work', registers }),
    queued: new Gauge({
      name: 'cutter_effects_queued',
      help: 'Effects that wait for their turn (--concurrency)',
      registers,
    }),
    storeBytes: new Gauge({
      name: 'cutter_store_bytes',
      help: 'What the store takes on the disk',
      labelNames: ['part'],
      registers,
    }),
    messages: new Gauge({
      name: 'cutter_outbox_messages',
      help: 'Messages that wait for their receiver, or are dead',
      labelNames: ['receiver', 'state'],
      registers,
    }),
    oldestMessage: new Gauge({
      name: 'cutter_outbox_oldest_seconds',
      help: 'How long ago the oldest message that waits was written',
      labelNames: ['receiver'],
      registers,
    }),
    stranded: new Gauge({
      name: 'cutter_runs_stranded',
      help: 'Open runs that nothing can continue; absent until it is known, and where no run is open',
      labelNames: ['machine'],
      registers,
    }),
    examined: new Gauge({
      name: 'cutter_runs_examined_timestamp_seconds',
      help: 'When cutter_runs_stranded was found out; 0 before',
      registers,
    }),
  }
}
