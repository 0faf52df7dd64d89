import type { AnyStateMachine, AnyStateNode } from 'xstate'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import { chartNodes, stateMetaOf } from './chart-nodes.ts'
import type { Machine, RunContext } from './define.ts'
import { startStep } from './transition.ts'
import { findActionFaults, findRegionFaults, isDeadEnd } from './validate-actions.ts'

/**
 * Finds what is wrong with a chart, one sentence for each fault. Without this check the engine would find it only in the middle of a
 * run. `effects` are the names of the machine's effects.
 */
export function findChartFaults(logic: AnyStateMachine, effects: string[]): string[] {
  const nodes = chartNodes(logic)
  const faults = nodes.flatMap((node) => [
    ...faultsOfNode(node).map((fault) => `state ${nameOf(node)} ${fault}`),
    ...faultsOfWork(node, effects).map((fault) => `state ${nameOf(node)} ${fault}`),
    ...findActionFaults(logic, node).map((fault) => `state ${nameOf(node)} ${fault}`),
    ...findRegionFaults(node, isRest).map((fault) => `state ${nameOf(node)} ${fault}`),
    ...(isRest(node) || !isDeadEnd(logic, node) ? [] : [`state ${nameOf(node)} ${DEAD_END}`]),
  ])
  if (logic.root.type === 'parallel')
    faults.push('its root is parallel, but a run is at one milestone at a time')
  const odd = Object.keys(logic.root.states).find((name) => !MILESTONE.test(name))
  if (odd !== undefined)
    faults.push(
      `its milestone ${JSON.stringify(odd)} is no name of letters, digits, _ and -, such as DRAFTED`,
    )
  if (!logic.root.transitions.has('CANCEL'))
    faults.push('its root takes no CANCEL, so that its runs could not be cancelled')
  if (!nodes.some((node) => outcomeOf(node) === 'succeeded')) {
    faults.push("it has no end in success: a final state with meta: closed('succeeded')")
  }
  return faults
}

const nameOf = ({ path }: AnyStateNode) => path.join('.') || '(the root)'
/** Milestones are printed in lines of Cutter, so none may look like one. */
const MILESTONE = /^[A-Za-z][A-Za-z0-9_-]{0,79}$/

const DEAD_END = 'has no work: no effect, no timer and no decision leads out of it'

/** Whether a run rests in a state: at a gate or at a stop. */
function isRest(node: AnyStateNode): boolean {
  const mark = stateMetaOf(node)
  return mark !== undefined && ('gate' in mark || 'stopped' in mark)
}

const DECISIONS = ['APPROVE', 'REJECT', 'VOID']
const OUTCOMES = ['succeeded', 'rejected', 'failed', 'cancelled', 'voided', 'rolled-back']

function outcomeOf(node: AnyStateNode): unknown {
  const mark = stateMetaOf(node)
  return mark !== undefined && 'closed' in mark ? mark.closed : undefined
}

function faultsOfNode(node: AnyStateNode): string[] {
  const faults: string[] = []
  const mark = (stateMetaOf(node) ?? {}) as {
    gate?: unknown
    rechecks?: unknown
    stopped?: unknown
    closed?: unknown
  }
  const marks = Object.keys(mark).filter((key) => ['gate', 'rechecks', 'stopped', 'closed'].includes(key))
  if (marks.length > 1) faults.push(`is marked as ${marks.join(' and ')} at once`)
  for (const name of [mark.gate, mark.rechecks]) {
    if (name !== undefined && !(typeof name === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/.test(name)))
      faults.push(
        `names the gate ${JSON.stringify(name)}; a gate’s name has capitals, digits and _, such as SG1 or REVIEW`,
      )
  }
  if (mark.gate !== undefined) {
    const missing = DECISIONS.filter((event) => !node.transitions.has(event))
    if (missing.length > 0) faults.push(`is a gate, but takes no ${missing.join(', ')}`)
    const others = [...node.transitions.keys()].filter(
      (event) => !DECISIONS.includes(event) && !event.startsWith('xstate.after.'),
    )
    if (others.length > 0 || node.invoke.length > 0)
      faults.push(
        `is a gate, but leaves it without a decision (${[...others, ...node.invoke.map(({ id }) => id)].join(', ')})`,
      )
  }
  const delayed = mark.gate === undefined && mark.stopped === undefined ? null : delayRound(node)
  if (delayed === node && mark.gate !== undefined) {
    if (!onlyExpires(node))
      faults.push('is a gate, and its delay (after) may only close the run there, not as succeeded')
  } else if (delayed !== null)
    faults.push(`waits for a person, and the delay (after) of ${nameOf(delayed)} would never pass there`)
  if (mark.stopped !== undefined && !node.transitions.has('RETRY'))
    faults.push('is a stop, but takes no RETRY')
  if ((node.always ?? []).length > 0)
    faults.push('leaves at once with always, so that no snapshot would ever show it')
  const isEnd = node.type === 'final' && node.parent?.parent === undefined
  if (isEnd && !OUTCOMES.includes(outcomeOf(node) as string))
    faults.push("is final, but has no outcome: meta: closed('succeeded'), 'rejected' …")
  if (!isEnd && mark.closed !== undefined) faults.push('is marked as closed, but is not a final milestone')
  return faults
}

/** Whether each delay of a gate closes the run, as everything but succeeded: an approval came too late. */
function onlyExpires(node: AnyStateNode): boolean {
  const ways = [...node.transitions].flatMap(([event, each]) =>
    event.startsWith('xstate.after.') ? each : [],
  )
  return ways.every(({ target }) => {
    const end = target?.length === 1 ? target[0]! : null
    return end?.type === 'final' && end.parent?.parent === undefined && outcomeOf(end) !== 'succeeded'
  })
}

/** The nearest state that leaves after a delay: this one or one of its parents. Nobody waits for the delays of a resting run. */
function delayRound(node: AnyStateNode): AnyStateNode | null {
  if ([...node.transitions.keys()].some((event) => event.startsWith('xstate.after.'))) return node
  return node.parent === undefined ? null : delayRound(node.parent)
}

function faultsOfWork({ invoke, transitions, config }: AnyStateNode, effects: string[]): string[] {
  const given = [config.invoke ?? []].flat() as { src?: unknown }[]
  return invoke.flatMap(({ id, src }, index) => {
    if (given[index] !== undefined && given[index].src === undefined)
      return [
        'invokes nothing: it names no effect (src; work(…) takes one, and gated(…) takes recheck and work)',
      ]
    // XState names what is invoked without a name of its own.
    if (typeof src !== 'string' || src.startsWith('xstate.'))
      return ['invokes its own logic; work is an effect, invoked by its name']
    if (!effects.includes(src))
      return [`asks for the effect ${src}, which is not among the machine's effects (${effects.join(', ')})`]
    return ['done', 'error'].flatMap((kind) => {
      const ways = transitions.get(`xstate.${kind}.actor.${id}`) ?? []
      return ways.at(-1)?.guard === undefined && ways.length > 0
        ? []
        : [
            `has no transition for when ${src} ${kind === 'done' ? 'is done' : 'fails'} (on${kind === 'done' ? 'Done' : 'Error'})`,
          ]
    })
  })
}

/** Finds what is wrong with the first state of a run with this input. Null when its context is a `RunContext`. */
export function findStartFault(machine: Machine, input: { [key: string]: Json }): string | null {
  const identity = {
    runId: 'tried',
    machine: machine.name,
    version: machine.version,
    input,
    definitionDigest: machine.definitionDigest,
    mode: 'dry-run' as const,
    startKey: null,
    startedBy: 'nobody',
    osUser: 'nobody',
    startedAt: '1970-01-01T00:00:00.000Z',
  }
  let run: Run
  try {
    run = startStep(machine, identity, { at: identity.startedAt, by: 'nobody' }).run
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { context } = (JSON.parse(run.snapshot) as { snapshot: { context: Partial<RunContext> } }).snapshot
  if (typeof context.output !== 'object' || context.output === null) return 'its context has no output: {}'
  const missing = (['planDigest', 'stop', 'approvalId'] as const).filter((field) => context[field] !== null)
  return missing.length === 0 ? null : `its context does not start with ${missing.join(', ')} as null`
}
