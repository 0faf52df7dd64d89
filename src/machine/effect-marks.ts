import type { RunEvent } from '../domain/history-entry.ts'
import type { EntryMarks } from '../domain/run.ts'
import type { Requests } from './read-snapshot.ts'

/** The kind of an effect by its name. An effect that the machine does not have counts as a write. */
export type EffectKinds = (name: string) => 'read' | 'write' | undefined

type EffectMarks = Pick<EntryMarks, 'effectsAsked' | 'effectsDropped'>

/**
 * Finds what an entry of a live run records of the effects that it asks for and of those that the chart leaves. With these marks the history
 * alone shows which writes are in flight, without the machine. In a replay (no `kindOf`) the marks are those of the recorded event. Null when
 * there are none.
 */
export function findEffectMarks(
  { effectsAsked, effectsDropped }: Requests,
  recorded: RunEvent,
  kindOf: EffectKinds | undefined,
): EffectMarks | null {
  if (kindOf === undefined) return recordedMarks(recorded)
  if (effectsAsked.length + effectsDropped.length === 0) return null
  const kinds = effectsAsked.map(({ invokeId, name }) => [invokeId, kindOf(name) ?? 'write'] as const)
  return {
    ...(kinds.length === 0 ? {} : { effectsAsked: Object.fromEntries(kinds) }),
    ...(effectsDropped.length === 0 ? {} : { effectsDropped }),
  }
}

function recordedMarks({ effectsAsked, effectsDropped }: RunEvent): EffectMarks | null {
  if (effectsAsked === undefined && effectsDropped === undefined) return null
  return {
    ...(effectsAsked === undefined ? {} : { effectsAsked }),
    ...(effectsDropped === undefined ? {} : { effectsDropped }),
  } as EffectMarks
}
