import type { Home } from '../../app/open-home.ts'
import { bodyOfUnit } from '../../document/export/unit-body.ts'
import { listUnitParts, splitPartAddress, type UnitPart } from '../../document/structure/unit-parts.ts'
import {
  type HeldText,
  type HeldUnit,
  listUnitsAt,
  readUnitTextAt,
} from '../../targets/postgres/read-documents.ts'
import type { Sql } from '../../targets/target.ts'
import { type FollowedAlias, followAlias } from './follow-alias.ts'
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
  /** The alias that was asked for and led to `address`: `LAW#art_5`, or an address that the text had before; null if none was followed. */
  alias: string | null
  /** The unit of that address; null for a document, and for a chapter and the like. */
  unit: ByRun<HeldText> | null
  /** The paragraph or point of that address, such as `LAW/ARTICLE-2/P1/PT-a`; null for any other address. */
  part: ShownPart | null
  /** The addresses below the unit, each with its text. They cite its text and are no units. */
  parts: ShownPart[]
  /** The units of the document, or those that stand in the address. */
  units: ByRun<HeldUnit>[]
}

/** A paragraph or point of a unit. Its text begins with its number and has its points. */
interface ShownPart {
  address: string
  text: string
}

/**
 * Reads what is in force at an address: a unit with its text, a paragraph or point of one, or the units of a document, of a chapter and so on.
 * @throws INPUT_REFUSED when nothing of that address was in force at that time; and what `readInForce` throws
 */
export async function showDocument(
  home: Home,
  { address, ...place }: ReadingPlace & { address: string },
): Promise<ShownDocument> {
  return readInForce(home, place, async (sql, at) => {
    const shown = await showAddress(sql, at, address)
    if (shown !== null) return { ...shown, alias: null }
    const followed = await followToPart(sql, at.asOf, address)
    if (followed === null)
      throw nothingThereError(`nothing was in force at ${address} in target ${at.target} as of ${at.asOf}`)
    const { alias, addresses } = followed
    if (addresses.length === 1) {
      const led = await showAddress(sql, at, addresses[0]!)
      if (led === null)
        throw nothingThereError(`${addresses[0]}, to which ${alias} leads, is not in the text`)
      return { ...led, alias }
    }
    const units = await Promise.all(addresses.map((one) => findUnit(sql, at.asOf, one)))
    const none = { unit: null, part: null, parts: [] }
    return {
      ...at,
      address,
      alias,
      ...none,
      units: units.flatMap((unit) => (unit === null ? [] : [byRun(unit)])),
    }
  })
}

/** Reads what is in force at an address; null if nothing is. */
async function showAddress(
  sql: Sql,
  at: Place,
  address: string,
): Promise<Omit<ShownDocument, 'alias'> | null> {
  const found = await listUnitsAt(sql, at.asOf, address)
  if (found.length === 0) {
    const cited = await findCited(sql, at.asOf, address)
    return cited === null ? null : { ...at, address, ...cited, units: [] }
  }
  const own = found.find((unit) => unit.address === address)
  const unit = own === undefined ? null : await withText(sql, at.asOf, own)
  return {
    ...at,
    address,
    unit: unit === null ? null : byRun(unit),
    part: null,
    parts: unit === null ? [] : partsOf(unit),
    units: found.filter((unit) => unit !== own).map(byRun),
  }
}

/** Follows an alias, or the alias of a unit that an address below it cites. */
async function followToPart(sql: Sql, asOf: string, address: string): Promise<FollowedAlias | null> {
  const followed = await followAlias(sql, asOf, address)
  const split = followed === null ? splitPartAddress(address) : null
  if (split === null) return followed
  const ofUnit = await followAlias(sql, asOf, split.unit)
  const below = address.slice(split.unit.length)
  return ofUnit === null
    ? null
    : { alias: `${ofUnit.alias}${below}`, addresses: ofUnit.addresses.map((unit) => `${unit}${below}`) }
}

const findUnit = async (sql: Sql, asOf: string, address: string): Promise<HeldUnit | null> =>
  (await listUnitsAt(sql, asOf, address)).find((unit) => unit.address === address) ?? null

async function withText(sql: Sql, asOf: string, unit: HeldUnit): Promise<HeldText | null> {
  const text = await readUnitTextAt(sql, asOf, unit.address)
  return text === null ? null : { ...unit, text }
}

/** Finds the unit that an address below it cites, and the cited part; null if there is none. */
async function findCited(sql: Sql, asOf: string, address: string) {
  const split = splitPartAddress(address)
  if (split === null) return null
  const found = await findUnit(sql, asOf, split.unit)
  const unit = found === null ? null : await withText(sql, asOf, found)
  if (unit === null) return null
  const parts = partsOf(unit)
  const part = parts.find((one) => one.address === address)
  return part === undefined ? null : { unit: byRun(unit), part, parts }
}

/** Lists the paragraphs and points of a unit in the order of its text. */
function partsOf({ address, title, text }: HeldText): ShownPart[] {
  const body = bodyOfUnit(text, title)
  const listed = (parts: readonly UnitPart[]): ShownPart[] =>
    parts.flatMap((part) => [
      { address: part.address, text: body.slice(part.start, part.end).trim() },
      ...listed(part.parts),
    ])
  return listed(listUnitParts(address, body))
}
