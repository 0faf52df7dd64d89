import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { type HeldUnit, searchUnitsAt } from '../../targets/postgres/read-documents.ts'
import { type ByRun, byRun, type Place, type ReadingPlace, readInForce } from './read-in-force.ts'

/** What `document search --json` prints. */
export interface FoundUnits extends Place {
  words: string
  units: (ByRun<HeldUnit> & { excerpt: string })[]
  /** Whether more units were found than are listed. */
  hasMore: boolean
}

const MAX_FOUND = 50
/** Characters of an excerpt on each side of what was found. */
const AROUND = 80

/**
 * Finds units in force by words of their text, title or address, in this order and whatever their case.
 * @throws USAGE for less than two characters; and what `readInForce` throws
 */
export async function searchDocuments(
  home: Home,
  { words, document, ...place }: ReadingPlace & { words: string; document?: string | undefined },
): Promise<FoundUnits> {
  const wanted = words.trim()
  if (wanted.length < 2)
    throw new CutterError('USAGE', 'give at least two characters to search for; nothing was read', {
      next: 'cutter document search "right of way"',
    })
  return readInForce(home, place, async (sql, at) => {
    const query = { words: wanted, document: document ?? null, limit: MAX_FOUND + 1 }
    const found = await searchUnitsAt(sql, at.asOf, query)
    const units = found
      .slice(0, MAX_FOUND)
      .map(({ text, ...unit }) => ({ ...byRun(unit), excerpt: excerptOf(text, wanted) }))
    return { ...at, words: wanted, units, hasMore: found.length > MAX_FOUND }
  })
}

/** The words around what was found, on one line. */
function excerptOf(text: string, words: string): string {
  const found = Math.max(0, text.toLowerCase().indexOf(words.toLowerCase()))
  const start = Math.max(0, found - AROUND)
  const end = found + words.length + AROUND
  const inner = text.slice(start, end).replace(/\s+/g, ' ').trim()
  return `${start > 0 ? '… ' : ''}${inner}${end < text.length ? ' …' : ''}`
}
