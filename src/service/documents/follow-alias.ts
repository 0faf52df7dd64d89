import { listElementIds } from '../../document/syntax/element-ids.ts'
import { CutterError } from '../../domain/errors.ts'
import { type HeldAlias, readAliasesAt } from '../../targets/postgres/read-aliases.ts'
import type { Sql } from '../../targets/target.ts'

/** Where an alias leads: to one unit, or to several if the text was divided. */
export interface FollowedAlias {
  /** The alias with its document: `LAW#art_5`, or an address that the text had before. */
  alias: string
  addresses: string[]
}

/** Maximum number of aliases that are followed one after the other. */
const MAX_HOPS = 100

/**
 * Follows an alias to the units in force: an address that a text had before, or an id that the source gave it. Where a unit went out of force,
 * its own aliases are followed. Null if no unit in force has it.
 * @throws INPUT_REFUSED for an id that units of several documents have
 */
export async function followAlias(sql: Sql, asOf: string, wanted: string): Promise<FollowedAlias | null> {
  const found = new Set<string>()
  const seen = new Set([wanted])
  let alias = wanted
  let names = [wanted]
  for (let hop = 0; names.length > 0 && hop < MAX_HOPS; hop++) {
    const rows = await readAliasesAt(sql, asOf, names)
    const led = choose(rows, wanted)
    if (hop === 0) alias = led[0]?.alias ?? wanted
    for (const { address, text } of led) if (text !== null) found.add(address)
    names = led.flatMap(({ address, text }) => (text === null && !seen.has(address) ? [address] : []))
    for (const name of names) seen.add(name)
  }
  const addresses = [...found].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return addresses.length === 0 ? null : { alias, addresses }
}

/** Chooses, of the rows of each alias, those that count now. */
function choose(rows: HeldAlias[], wanted: string): HeldAlias[] {
  const groups = groupByAlias(rows)
  const ids = [...groups.values()].filter(([first]) => first!.kind === 'external_reference')
  if (ids.length > 1) throw ambiguousError(wanted, ids.map(([first]) => first!.alias).sort())
  return [...groups.values()].flatMap((group) => {
    const [newest] = group
    if (newest!.kind !== 'external_reference')
      return group.filter(({ changeSetId }) => changeSetId === newest!.changeSetId)
    // An id may have passed from one unit to another and back: the text itself tells which unit has it.
    const id = newest!.alias.slice(newest!.alias.indexOf('#') + 1)
    const inForce = group.filter(({ text }) => text !== null)
    return [inForce.find(({ text }) => listElementIds(text!).includes(id)) ?? inForce[0] ?? newest!]
  })
}

function groupByAlias(rows: HeldAlias[]): Map<string, HeldAlias[]> {
  const groups = new Map<string, HeldAlias[]>()
  for (const row of rows) groups.set(row.alias, [...(groups.get(row.alias) ?? []), row])
  return groups
}

function ambiguousError(id: string, aliases: string[]): CutterError {
  return new CutterError(
    'INPUT_REFUSED',
    `units of ${aliases.length} documents have the id ${id}; nothing was changed`,
    {
      next: `name its document: ${aliases.slice(0, 5).join(', ')}`,
      data: { aliases },
    },
  )
}
