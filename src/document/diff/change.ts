/** The kinds of change of a unit between two texts of a document. */
export type ChangeKind =
  | 'unchanged'
  | 'amended'
  | 'added'
  | 'repealed'
  | 'moved'
  | 'renumbered'
  | 'split'
  | 'merged'

/**
 * The change of one unit. `moved` with one address means another position among the units. `repealed` with a `newAddress` means
 * repealed in place: the unit stays, and its text says so. A unit that was split has one change for each part. Each of several
 * units that were merged has one. `occurrence` (from 1) counts units that share an address; such documents cannot be cut.
 */
export interface Change {
  change: ChangeKind
  /** The old address; for an added unit, its only address. */
  address: string
  /** Null if the unit is gone. */
  newAddress: string | null
  oldSha256: string | null
  newSha256: string | null
  occurrence?: number
}

/** A unit for comparison. */
export interface UnitText {
  address: string
  /** The position among the units with this address, from 1. */
  occurrence: number
  /** 64 hex digits. */
  sha256: string
  number: string | null
  parent: string | null
  status: string | null
  text: string
  /** The text behind the heading's line. It stays the same when a unit gets another number. */
  body: string
}
