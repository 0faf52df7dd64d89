import type { Home } from '../../app/open-home.ts'
import {
  type HeldText,
  type HeldUnit,
  listUnitsAt,
  readUnitTextAt,
} from '../../targets/postgres/read-documents.ts'
import {
  type ByRun,
  byRun,
  nothingThereError,
  type Place,
  type ReadingPlace,
  readInForce,
} from './read-in-force.ts'

/** What `document show --json` prints. */
export interface ShownDocument extends Place {
  address: string
  /** The unit of that address; null for a document, and for a chapter and the like. */
  unit: ByRun<HeldText> | null
  /** The units of the document, or those that stand in the address. */
  units: ByRun<HeldUnit>[]
}

/**
 * Reads what is in force at an address: a unit with its text, or the units of a document, of a chapter and so on.
 * @throws INPUT_REFUSED when nothing of that address was in force at that time; and what `readInForce` throws
 */
export async function showDocument(
  home: Home,
  { address, ...place }: ReadingPlace & { address: string },
): Promise<ShownDocument> {
  return readInForce(home, place, async (sql, at) => {
    const found = await listUnitsAt(sql, at.asOf, address)
    if (found.length === 0)
      throw nothingThereError(`nothing was in force at ${address} in target ${at.target} as of ${at.asOf}`)
    const own = found.find((unit) => unit.address === address)
    const text = own === undefined ? null : await readUnitTextAt(sql, at.asOf, address)
    return {
      ...at,
      address,
      unit: own === undefined || text === null ? null : { ...byRun(own), text },
      units: found.filter((unit) => unit !== own).map(byRun),
    }
  })
}
