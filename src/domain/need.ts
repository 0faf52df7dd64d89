import type { HistoryEntry } from './history-entry.ts'

/**
 * What a run needs of the host that works on it: a target or a host of machines by its name in cutter.yaml, a file by its absolute path, or
 * `home`, which is what the home that started the run alone has: rehearsal databases, backups, notes of commits.
 */
export type Need = `target:${string}` | `host:${string}` | `file:${string}` | 'home'

/** A home among those that share a store. */
export interface HomeIdentity {
  id: string
  /** The name of its host, for people. */
  host: string
}

/** The home that started a run, by its first entry. Null where that names none, as in a store that nobody shares. */
export function findStartedIn(first: HistoryEntry | undefined): HomeIdentity | null {
  const named = first?.event.home as Partial<HomeIdentity> | undefined
  if (typeof named?.id !== 'string' || typeof named.host !== 'string') return null
  return { id: named.id, host: named.host }
}
