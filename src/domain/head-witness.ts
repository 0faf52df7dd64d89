/** How far a run's history was when its reports were last written: kept beside them, outside of the store. */
export interface HeadWitness {
  seq: number
  head: string
  at: string
}
