// A survey of a target, as a role sees it that may only read. Effects compare surveys, so this file has no connection.

/** A unit with its own version and the newest draft behind it. */
export interface UnitRow {
  address: string
  unitId: string
  lifecycleStatus: string
  versionId: string | null
  versionSeq: number | null
  contentHash: string | null
  versionStatus: string | null
  /** The newest version behind the unit's own, a draft that waits to supersede it; null if there is none. */
  pendingSeq: number | null
  pendingHash: string | null
  /** The unit's position in the document, from 1. */
  sortOrder: number | null
  createdBy: string
}

/**
 * The objects and grants that a live statement will meet. Two servers that were made alike have the same surface: it has no object
 * ids, no names of server owners and no not-null constraints (PostgreSQL 18 lists those as constraints, older ones as columns).
 */
export interface Surface {
  functions: { name: string; digest: string }[]
  triggers: { name: string; digest: string }[]
  /** Constraints, and for each table an entry `… (table)` of its columns, owner and row security. */
  constraints: { name: string; digest: string }[]
  grants: { grantee: string; object: string; privilege: string }[]
}

/** A survey of a target for one document. */
export interface Survey {
  server: {
    systemIdentifier: string
    database: string
    version: string
    versionNumber: number
    user: string
  }
  /** Rows by table; null if the role may not read it (42501). `document` has only the tables that name documents. */
  counts: { whole: Record<string, number | null>; document: Record<string, number | null> }
  unreadable: string[]
  surface: Surface
  grantMatrixDigest: string
  /** The document's units, by address. */
  units: UnitRow[]
  /** Units of other documents with addresses like this document's. Ids that differ only in case share their addresses. */
  neighbours: { address: string; document: string | null }[]
}

/** Lists the differences of two surfaces: the object and, if it changed, both digests. Empty if the surfaces are equal. */
export function surfaceDifferences(expected: Surface, found: Surface): string[] {
  const grant = (one: Surface['grants'][number]) => ({
    name: `${one.privilege} on ${one.object} to ${one.grantee}`,
    digest: '',
  })
  return [
    ...listDifferences('function', expected.functions, found.functions),
    ...listDifferences('trigger', expected.triggers, found.triggers),
    ...listDifferences('constraint', expected.constraints, found.constraints),
    ...listDifferences('grant', expected.grants.map(grant), found.grants.map(grant)),
  ]
}

/** An object of a surface. */
export type Named = { name: string; digest: string }

function listDifferences(kind: string, expected: Named[], found: Named[]): string[] {
  const before = new Map(expected.map((one) => [one.name, one.digest]))
  const after = new Map(found.map((one) => [one.name, one.digest]))
  const line = (what: string, name: string) =>
    name.endsWith(TABLE) ? `table ${what}: ${name.slice(0, -TABLE.length)}` : `${kind} ${what}: ${name}`
  const removed = expected.filter(({ name }) => !after.has(name)).map(({ name }) => line('removed', name))
  const added = found.filter(({ name }) => !before.has(name)).map(({ name }) => line('added', name))
  const changed = expected
    .filter(({ name, digest }) => after.has(name) && after.get(name) !== digest)
    .map(({ name, digest }) => `${line('changed', name)}, ${digest} → ${after.get(name)}`)
  return [...removed, ...added, ...changed]
}

/** The end of the name of a table's own entry among the constraints of a surface. */
export const TABLE = ' (table)'
