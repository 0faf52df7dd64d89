import { type AnyActorScope, createActor, fromTransition } from 'xstate'
import type { Action } from './read.ts'

const nobody = createActor(fromTransition((state: null) => state, null))

/**
 * The scope in which XState computes a transition and hands its actions to us instead of executing them: what its own
 * `initialTransition` and `transition` make, but round a trivial actor. Theirs first computes the machine's whole initial
 * state each time, which costs more than the transition. test/machine/step.test.ts holds that the results are the same.
 */
export function inertScope(): { scope: AnyActorScope; actions: Action[] } {
  const system = inertSystem()
  const actions: Action[] = []
  const scope = {
    self: { __proto__: nobody, system },
    system,
    id: '',
    sessionId: '',
    defer: ignore,
    logger: ignore,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action: Action) => actions.push(action),
  }
  return { scope: scope as unknown as AnyActorScope, actions }
}

const ignore = () => {}

interface Named {
  actors: Map<string, unknown> | null
  booked: number
}

/** XState's system of actors as it is at the start of a transition: it counts ids from the first one and knows no names yet. */
const inertSystem = (): Named => ({ __proto__: anew, actors: null, booked: 1 }) as Named

const anew = {
  __proto__: nobody.system,
  _sendInspectionEvent: ignore,
  _bookId(this: Named) {
    return `x:${this.booked++}`
  },
  _set(this: Named, name: string, actor: unknown) {
    this.actors ??= new Map()
    const other = this.actors.get(name)
    if (other !== undefined && other !== actor)
      throw new Error(`Actor with system ID '${name}' already exists.`)
    this.actors.set(name, actor)
  },
  _unregister(this: Named, actor: unknown) {
    for (const [name, other] of this.actors ?? []) if (other === actor) this.actors!.delete(name)
  },
  get(this: Named, name: string) {
    return this.actors?.get(name)
  },
  getAll(this: Named) {
    return Object.fromEntries(this.actors ?? [])
  },
}
