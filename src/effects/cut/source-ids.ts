import type { ScanRecord } from '../../document/structure/records.ts'
import { listElementIds } from '../../document/syntax/element-ids.ts'
import { asBuffer } from '../../document/syntax/lines.ts'
import { findXmlRoot } from '../../document/syntax/other-formats.ts'
import type { SourceId } from './plan.ts'

/** Beginning of a unit's text in which its ids are searched, in bytes. */
const HEAD_BYTES = 32_768

/** Lists the ids that a source in XML gives to its units, in the order of the text. An id that two units have leads nowhere, and is left out. */
export function listSourceIds(bytes: Uint8Array, units: ReadonlySet<ScanRecord>): SourceId[] {
  if (findXmlRoot(bytes) === null) return []
  const source = asBuffer(bytes)
  const found = [...units].flatMap(({ address, start, end }) =>
    listElementIds(source.toString('utf8', start, Math.min(end, start + HEAD_BYTES))).map((id) => ({
      id,
      address: address!,
    })),
  )
  const times = new Map<string, number>()
  for (const { id } of found) times.set(id, (times.get(id) ?? 0) + 1)
  return found.filter(({ id }) => times.get(id) === 1)
}

/** The alias of an id: `LAW#art_5`. */
export const sourceIdAlias = (document: string, id: string): string => `${document}#${id}`
