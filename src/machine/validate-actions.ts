import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** What XState's types leave open about the actions, guards and delays of a state. */
interface Named {
  type?: string
  id?: string
  delay?: unknown
  guards?: unknown[]
}

/** Actions of XState that only change the context or send the machine an event. Everything else would act without an effect. */
const PURE = ['xstate.assign', 'xstate.raise', 'xstate.enqueueActions', 'xstate.cancel']
const REFUSED: { [type: string]: string } = {
  'xstate.spawnChild': 'spawns an actor; work is an effect that a state invokes',
  'xstate.sendTo': 'sends to another actor; a machine has none',
  'xstate.emit': 'emits an event, for which nobody listens',
  'xstate.log': 'logs; effects report progress',
}

/**
 * Finds the actions, guards and delays of a state that the engine can't do, or that the machine does not define. One end of a sentence for
 * each, whose subject is the state.
 */
export function findActionFaults(logic: AnyStateMachine, node: AnyStateNode): string[] {
  const transitions = [...node.transitions.values()].flat()
  const actions = [...node.entry, ...node.exit, ...transitions.flatMap((one) => one.actions)]
  const guards = transitions.flatMap(({ guard }) => (guard === undefined ? [] : [guard]))
  const delays = node.after.map(({ delay }) => delay)
  return [
    ...actions.flatMap((action) => faultOfAction(logic, action)),
    ...guards.flatMap((guard) => faultOfGuard(logic, guard)),
    ...delays.flatMap((delay) => faultOfDelay(logic, delay)),
    ...node.invoke.flatMap(({ onSnapshot }) =>
      onSnapshot === undefined ? [] : ['has onSnapshot, but an effect has no snapshots; use onDone'],
    ),
  ]
}

function faultOfAction({ implementations }: AnyStateMachine, action: unknown): string[] {
  const name = nameOf(action)
  const known = name === null ? action : implementations.actions[name]
  if (known === undefined) return [`names the action ${name}, which the machine does not define`]
  const { type = '', id, delay } = known as Named
  if (type === 'xstate.raise' && delay !== undefined && id === undefined) {
    return ['raises an event with a delay and no id; give it an id, which names the timer']
  }
  if (PURE.includes(type)) return []
  const called = name === null ? 'an action' : `the action ${name}`
  return [
    `has ${called} that ${REFUSED[type] ?? 'runs code of its own; a machine acts through effects only'}`,
  ]
}

function faultOfGuard(logic: AnyStateMachine, guard: unknown): string[] {
  const name = nameOf(guard)
  if (name !== null && logic.implementations.guards[name] === undefined)
    return [`names the guard ${name}, which the machine does not define`]
  const code = name === null ? guard : logic.implementations.guards[name]
  if (code?.constructor?.name === 'AsyncFunction')
    return [
      'has an asynchronous guard, whose promise would always count as yes; a guard answers at once, from facts that an effect returned',
    ]
  const inner = (guard as Named).guards
  return Array.isArray(inner) ? inner.flatMap((one) => faultOfGuard(logic, one)) : []
}

function faultOfDelay({ implementations }: AnyStateMachine, delay: unknown): string[] {
  if (typeof delay !== 'string' || implementations.delays[delay] !== undefined) return []
  return [`names the delay ${delay}, which the machine does not define`]
}

/** The name of an action or guard that is given by name. Null for one that is given itself. */
function nameOf(given: unknown): string | null {
  if (typeof given === 'string') return given
  return typeof given === 'object' && given !== null ? ((given as Named).type ?? null) : null
}

/**
 * Finds what the regions of a parallel state must not hold: a gate or a stop, at which the other regions would go on, and the same invoke twice,
 * whose outcomes nobody could tell apart.
 */
export function findRegionFaults(node: AnyStateNode, isRest: (node: AnyStateNode) => boolean): string[] {
  if (node.type !== 'parallel') return []
  const regions = Object.values(node.states).map((region) => [region, ...below(region)])
  const faults: string[] = []
  for (const inner of regions.flat()) {
    if (isRest(inner)) {
      faults.push(
        `has a gate or a stop in one of its regions (${inner.path.join('.')}); a run rests at one place`,
      )
    }
  }
  const ids = regions.map((nodes) => new Set(nodes.flatMap(({ invoke }) => invoke.map(({ id }) => id))))
  const twice = ids.flatMap((own, index) =>
    [...own].filter((id) => ids.slice(index + 1).some((other) => other.has(id))),
  )
  for (const id of new Set(twice)) {
    faults.push(`invokes ${id} in two of its regions; give each invoke an id of its own`)
  }
  return faults
}

const below = (node: AnyStateNode): AnyStateNode[] =>
  Object.values(node.states).flatMap((child) => [child, ...below(child)])

/** Whether nothing ever leads out of a state: no effect, no timer, no decision, and no event that the machine raises itself. */
export function isDeadEnd(logic: AnyStateMachine, node: AnyStateNode): boolean {
  const isLeaf = node.type === 'atomic'
  return isLeaf && !ancestors(node).some((one) => works(logic, one))
}

function works(logic: AnyStateMachine, node: AnyStateNode): boolean {
  if (node.invoke.length > 0 || node.after.length > 0) return true
  // Another region of a parallel state may work while this one waits.
  if (node.parent?.type === 'parallel') return true
  const events = [...node.transitions.keys()].filter((event) => event !== 'CANCEL')
  return node.parent !== undefined && events.length > 0 && raises(logic)
}

/** Whether the machine raises events itself, so that an event of its own may lead out of a state. */
function raises({ root, implementations }: AnyStateMachine): boolean {
  const given = [root, ...below(root)].flatMap(({ entry, exit, transitions }) => [
    ...entry,
    ...exit,
    ...[...transitions.values()].flat().flatMap(({ actions }) => actions),
  ])
  const all = [...given, ...Object.values(implementations.actions)] as unknown as Named[]
  return all.some(({ type, delay, id }) =>
    type === 'xstate.enqueueActions' ? true : type === 'xstate.raise' && !isOfAfter(id, delay),
  )
}

const isOfAfter = (id: string | undefined, delay: unknown) =>
  delay !== undefined && id?.startsWith('xstate.after.') === true

function ancestors(node: AnyStateNode): AnyStateNode[] {
  return node.parent === undefined ? [node] : [node, ...ancestors(node.parent)]
}
