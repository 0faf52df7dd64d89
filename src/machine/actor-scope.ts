import {
  type AnyActor,
  type AnyActorScope,
  type AnyMachineSnapshot,
  createActor,
  fromTransition,
  type InspectionEvent,
} from 'xstate'
import type { Action } from './read-snapshot.ts'

/**
 * Creates the scope in which XState computes a transition and returns its actions instead of executing them. XState's own
 * `initialTransition` and `transition` make such a scope too, but first compute the machine's complete initial state, which costs more
 * than the transition. test/machine/transition.test.ts compares the results of both.
 * @returns `actions`, filled while the transition is computed, and `places`: the snapshot after each microstep. The last one is where
 * the transition leads. For a machine's first state, `places` holds the microsteps after it.
 */
export function createActorScope(): {
  scope: AnyActorScope
  actions: Action[]
  places: AnyMachineSnapshot[]
} {
  const system = new InertSystem()
  const actions: Action[] = []
  const scope = {
    self: new Self(system),
    system,
    id: '',
    sessionId: '',
    defer: ignore,
    logger: ignore,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action: Action) => actions.push(action),
  }
  return { scope: scope as unknown as AnyActorScope, actions, places: system.places }
}

const ignore = () => {}
const nobody: AnyActor = createActor(fromTransition((state: null) => state, null))

/** XState's system of actors at the start of a transition: it numbers ids from 1 and has no names yet. */
class InertSystem {
  private actors: Map<string, unknown> | null = null
  private booked = 1
  readonly places: AnyMachineSnapshot[] = []

  _bookId() {
    return `x:${this.booked++}`
  }

  _set(name: string, actor: unknown) {
    this.actors ??= new Map()
    const other = this.actors.get(name)
    if (other !== undefined && other !== actor)
      throw new Error(`Actor with system ID '${name}' already exists.`)
    this.actors.set(name, actor)
  }

  _unregister(actor: unknown) {
    for (const [name, other] of this.actors ?? []) if (other === actor) this.actors!.delete(name)
  }

  get(name: string) {
    return this.actors?.get(name)
  }

  getAll() {
    return Object.fromEntries(this.actors ?? [])
  }

  _sendInspectionEvent(event: InspectionEvent) {
    if (event.type === '@xstate.microstep') this.places.push(event.snapshot as AnyMachineSnapshot)
  }
}
Object.setPrototypeOf(InertSystem.prototype, nobody.system)

/** The trivial actor, in a system of its own. */
class Self {
  readonly system: InertSystem
  constructor(system: InertSystem) {
    this.system = system
  }
}
Object.setPrototypeOf(Self.prototype, nobody)
