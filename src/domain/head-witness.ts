/**
 * The newest history entry of a run when its reports were last written. It is kept next to the reports, outside of the store, because a
 * store cannot know that it is an older copy of itself.
 */
export interface HeadWitness {
  seq: number
  head: string
  /** ISO 8601 in UTC. */
  at: string
}
