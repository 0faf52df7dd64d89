import type { AnyMachineSnapshot } from 'xstate'
import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { bytesEvidence, type Evidence, evidenceNames } from '../domain/evidence.ts'
import { UPGRADED } from '../domain/history.ts'
import type { HistoryEntry, RunEvent } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import { assertSameDefinition, findUpgrade } from './assert-definition.ts'
import { findLeafNodes, gatesBefore } from './chart-nodes.ts'
import type { Machine, StoredSnapshot, Upgrade } from './define.ts'
import { type LocatedSnapshot, readStanding } from './read-snapshot.ts'
import { replayHistory } from './replay-history.ts'
import { buildStep, restoreSnapshot } from './transition.ts'

/**
 * Upgrades a run to another definition of its machine. The author of the upgrade makes the new snapshot from the old one. This file
 * checks what may not change: milestone, gate, gates passed, plan, effects in flight. At a gate the upgrade is a new arrival, so that
 * nothing signed before it counts. The old chart is not installed any more, so the new snapshot is kept as evidence and replaying
 * starts from it.
 */

export interface UpgradeFacts {
  at: string
  by: string
  /** The run's effects in flight and its timers. */
  effects: EffectRow[]
  timers: Timer[]
  /** The gates at which this run has used up an approval. */
  gatesPassed: string[]
  /** Facts recorded with the upgrade, and evidence of them. */
  readings?: { [key: string]: Json }
  evidence?: Evidence[]
}

/**
 * Builds the step that upgrades a run.
 * @throws MACHINE_CHANGED when the machine has no upgrade for the run, or when the result of the upgrade breaks a rule.
 */
export function buildUpgradeStep(machine: Machine, run: Run, facts: UpgradeFacts): Step {
  const way = findUpgrade(machine, run)
  if (way === null) assertSameDefinition(machine, run)
  const { at, by } = facts
  const old = storedSnapshot(run)
  const from = { version: run.version, definitionDigest: run.definitionDigest }
  const to = { version: machine.version, definitionDigest: machine.definitionDigest }
  try {
    const given = asGiven(run, old, way!)
    const migrated = migratedBy(way!, given)
    const located = placed(machine, run, migrated)
    refuseMoved(run, located, way!.milestones?.[run.state] ?? run.state)
    refuseOtherContext(run, given, migrated)
    refuseOtherEffects(located.snapshot, facts.effects)
    refuseLostTimers(run, located.snapshot, facts)
    refusePastGates(machine, migrated, facts.gatesPassed)
    if (way!.sameWork !== true) refuseUnderApproval(run, facts.gatesPassed)
    const event = upgradeEvent(run, { from, to, approvalVoided: approvalVoided(run, old) }, facts)
    const step = buildStep(
      machine,
      { identity: { ...run, ...to }, previous: run, before: null },
      event,
      located.snapshot,
      [],
      { at, by },
    )
    const kept = (name: string, text: string) => bytesEvidence(name, 'application/json', Buffer.from(text))
    const evidence = [
      kept('snapshot/before-upgrade', run.snapshot),
      kept('snapshot/upgraded', step.run.snapshot),
      ...(facts.evidence ?? []),
    ]
    return { ...step, evidence }
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    throw new CutterError(
      'MACHINE_CHANGED',
      `run ${run.runId} can't be upgraded from machine ${run.machine} ${from.version} to ${to.version}: ${error.message}. ` +
        'Nothing was changed.',
      {
        next: "correct the machine's upgrade",
        data: { runId: run.runId },
      },
    )
  }
}

/** The event of an upgrade, with the facts and evidence that are recorded with it. */
const upgradeEvent = (
  { state, phase }: Run,
  { from, to, approvalVoided }: { from: Json; to: Json; approvalVoided: Json },
  { readings, evidence }: Pick<UpgradeFacts, 'readings' | 'evidence'>,
): RunEvent => ({
  type: UPGRADED,
  from,
  to,
  state,
  phase,
  approvalVoided,
  ...readings,
  ...(evidence === undefined ? {} : { evidence: evidenceNames(evidence) }),
})

/** An approval covers its plan as the earlier definition would do it. Another definition may not do it under that approval. */
function refuseUnderApproval(run: Run, gatesPassed: string[]): void {
  if (run.mode !== 'live' || gatesPassed.length === 0 || run.status === 'paused') return
  throw new Unfit(
    `it continues under the approval of ${gatesPassed.at(-1)}, which was given for the work of the other definition`,
  )
}

/**
 * Replays the newest upgrade and the entries after it. `snapshotText` is the snapshot that the upgrade left, by the entry's digest.
 * @throws STORE_TAMPERED when an entry carries another digest than replaying gives.
 */
export function replayUpgradedRun(
  machine: Machine,
  run: Run,
  entries: HistoryEntry[],
  snapshotText: string,
  onStep?: (step: Step) => void,
): Run {
  const [entry, ...later] = entries
  const { state, phase } = entry!.event as unknown as { state: string; phase: string | null }
  const { snapshot: stored } = JSON.parse(snapshotText) as { snapshot: StoredSnapshot }
  const previous = { ...run, state, phase, seq: entry!.seq - 1, head: entry!.previousHash } as Run
  const { snapshot } = restoreSnapshot(machine, stored, state)
  const facts = { at: entry!.at, by: entry!.by }
  const { run: since } = buildStep(
    machine,
    { identity: run, previous, before: null },
    entry!.event,
    snapshot,
    [],
    facts,
  )
  if (since.snapshotDigest !== entry!.snapshotDigest || since.head !== entry!.hash) {
    throw new CutterError(
      'STORE_TAMPERED',
      `replaying run ${run.runId} gives another snapshot at entry ${entry!.seq}`,
    )
  }
  return replayHistory(machine, run, later, since, onStep)
}

/** Why the result of an upgrade is refused, as the end of a sentence. */
class Unfit extends Error {}

const storedSnapshot = (run: Run) => (JSON.parse(run.snapshot) as { snapshot: StoredSnapshot }).snapshot

/** The approval that a run held at its gate. It was given under the old definition. */
const approvalVoided = (run: Run, { context }: StoredSnapshot): Json =>
  run.gateSeq === null ? null : (context.approvalId ?? null)

/** The snapshot for `migrate`: the old context is parsed, and at a gate no approval is held. */
function asGiven(run: Run, old: StoredSnapshot, { schema }: Upgrade): StoredSnapshot {
  const parsed = schema.safeParse(old.context)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.map(String).join('.') || 'context'}: ${message}`,
    )
    throw new Unfit(`its context does not fit the upgrade's schema (${faults.join('; ')})`)
  }
  if (run.gateSeq === null) return old
  return { ...old, context: { ...old.context, approvalId: null } }
}

function migratedBy({ migrate }: Upgrade, given: StoredSnapshot): StoredSnapshot {
  let migrated: unknown
  try {
    migrated = migrate(structuredClone(given))
  } catch (error) {
    throw new Unfit(`the upgrade threw: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { context, children, value } = (migrated ?? {}) as Partial<StoredSnapshot>
  if (typeof context !== 'object' || context === null || typeof children !== 'object' || value === undefined)
    throw new Unfit(
      'the upgrade returned something other than a snapshot ({ status, value, context, children … })',
    )
  return JSON.parse(JSON.stringify(migrated)) as StoredSnapshot
}

function placed(machine: Machine, run: Run, migrated: StoredSnapshot): LocatedSnapshot {
  if (migrated.status !== 'active')
    throw new Unfit(`its status would be ${migrated.status}, but an upgrade may not end a run`)
  if (findLeafNodes(machine.logic, migrated.value) === null)
    throw new Unfit(`the new chart has no state ${JSON.stringify(migrated.value)}`)
  try {
    return restoreSnapshot(machine, migrated, run.state)
  } catch (error) {
    throw new Unfit(error instanceof Error ? error.message : String(error))
  }
}

function refuseMoved(run: Run, located: LocatedSnapshot, milestone: string): void {
  if (located.milestone !== milestone)
    throw new Unfit(
      `its state is ${run.state} and would be ${located.milestone}, which no entry of milestones declares`,
    )
  const { status, gate } = readStanding(located, run)
  if (status !== run.status) throw new Unfit(`it is ${run.status} and would be ${status}`)
  // Also while the world is rechecked for a gate.
  const sameGate = gate === run.gate && (located.gate === null) === (run.gateSeq === null)
  if (!sameGate)
    throw new Unfit(`it would wait at ${located.gate ?? 'no gate'} instead of at ${run.gate ?? 'none'}`)
}

/** The plan and its approval stay: only work makes another plan. */
function refuseOtherContext(run: Run, given: StoredSnapshot, { context }: StoredSnapshot): void {
  for (const field of ['planDigest', 'approvalId']) {
    if ((context[field] ?? null) !== (given.context[field] ?? null))
      throw new Unfit(`its ${field} would change from ${given.context[field]} to ${context[field]}`)
  }
  const { output, stop = null } = context
  if (output === null || typeof output !== 'object') throw new Unfit('its context would have no output')
  if ((stop === null) !== (run.stop === null))
    throw new Unfit('the reason of its stop would be lost or invented')
}

/** A later outcome must find the invoke that asked for it. */
function refuseOtherEffects({ children, _nodes }: AnyMachineSnapshot, effects: EffectRow[]): void {
  const invoked = new Map(_nodes.flatMap(({ invoke }) => invoke.map(({ id, src }) => [id, src] as const)))
  const names = Object.fromEntries(
    Object.entries(children).map(([id, child]) => [id, (child as { src?: unknown }).src]),
  )
  for (const { invokeId, name } of effects) {
    if (names[invokeId] !== name || invoked.get(invokeId) !== name)
      throw new Unfit(`its effect ${name} is in flight, which the new chart does not invoke there`)
  }
  const made = Object.keys(names).filter((id) => !effects.some(({ invokeId }) => invokeId === id))
  if (made.length > 0) throw new Unfit(`the effect ${made[0]} would be in flight, which no step asked for`)
}

function refuseLostTimers(run: Run, snapshot: AnyMachineSnapshot, { effects, timers }: UpgradeFacts): void {
  const lost = timers.find(({ event }) => !snapshot.can(event as never))
  if (lost !== undefined) throw new Unfit(`its timer ${lost.timerId} would find no transition`)
  if (run.status === 'working' && effects.length + timers.length === 0)
    throw new Unfit('it is working, but has neither an effect nor a timer to continue with')
}

function refusePastGates({ logic }: Machine, { value }: StoredSnapshot, passed: string[]): void {
  const skipped = gatesBefore(logic, findLeafNodes(logic, value)!).filter((gate) => !passed.includes(gate))
  if (skipped.length > 0)
    throw new Unfit(`it would be past gate ${skipped.join(', ')}, which it never passed`)
}
