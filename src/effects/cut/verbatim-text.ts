import type { ScanRecord } from '../../document/structure/records.ts'
import type { CurrentText } from './current-texts.ts'

/** Minimum length of a paragraph, in bytes, that tells where a text went. A shorter one occurs in many places. */
const SHORTEST = 30

/** Where the text of a unit that ends stands in the new text. */
export interface Standing {
  /** Units of the new text that hold it. */
  units: ScanRecord[]
  /** Whether a part of it stands outside of all units. */
  outside: boolean
}

/** Where a text may have gone. */
interface Place {
  /** The new text. */
  source: Buffer
  /** The records that may have taken the text: those that are not as they were before. */
  records: ScanRecord[]
  /** The text in force outside of units. What stood there before has not gone there. */
  otherText: Buffer
  /** Whether the new text is read in another way, so that each text in force has another place. */
  isReadAnew: boolean
  /** Short texts that tell nothing in an amendment (see `findSharedTexts`). */
  shared: ReadonlySet<string>
}

/**
 * Finds where the text of a unit stands word for word in a new text: all of it, its longer paragraphs, or all of a short text as lines of
 * its own. In an amendment, a short text tells where it went only if one unit had it and one place has it.
 */
export function findVerbatim(unit: CurrentText, place: Place): Standing {
  const complete = unit.body.trim()
  const paragraphs = complete
    .split(/\n\s*\n/)
    .slice(1)
    .map((text) => text.trim())
  const long = [complete, ...paragraphs].filter((text) => !isShort(text))
  const found = findParts(long, place, findAll, ({ kind }) => kind !== 'unit')
  if (found.units.length > 0 || found.outside) return found
  const isSingle = (text: string) => !place.shared.has(text) && findLines(place.source, text).length === 1
  const short = listShortTexts(unit).filter((text) => place.isReadAnew || isSingle(text))
  // Headings of containers are no text that went outside of units.
  return findParts(short, place, findLines, ({ kind }, text) => {
    return kind === 'other' && findLines(place.otherText, text).length === 0
  })
}

/** Lists short texts that several units have, such as "Reserved.": none of them tells where one of these units went. */
export function findSharedTexts(units: readonly CurrentText[]): Set<string> {
  const seen = new Set<string>()
  const shared = new Set<string>()
  for (const text of units.flatMap(listShortTexts)) (seen.has(text) ? shared : seen).add(text)
  return shared
}

/** Lists the forms of a unit's complete text that are short: with its first line, which may be its heading, and without it. */
function listShortTexts({ body }: CurrentText): string[] {
  const complete = body.trim()
  const underHeading = complete.replace(/^[^\r\n]*(?:(?:\r\n?|\n)[ \t]*(?:-+|=+)[ \t]*(?=[\r\n]|$))?/, '')
  return [...new Set([complete, underHeading.trim()])].filter((text) => isShort(text) && /\p{L}/u.test(text))
}

const isShort = (text: string) => Buffer.byteLength(text) < SHORTEST

/** Finds the records with one of the texts. The first text that stands in a unit decides. */
function findParts(
  texts: string[],
  { source, records }: Place,
  find: (source: Buffer, text: string) => { start: number; end: number }[],
  isOutside: (record: ScanRecord, text: string) => boolean,
): Standing {
  const units = new Set<ScanRecord>()
  let outside = false
  for (const text of texts) {
    for (const at of find(source, text)) {
      for (const record of records) {
        if (record.start >= at.end || record.end <= at.start) continue
        if (record.kind === 'unit') units.add(record)
        else if (isOutside(record, text)) outside = true
      }
    }
    if (units.size > 0) break
  }
  return { units: [...units], outside: outside && units.size === 0 }
}

/** Finds every place of a text. */
function findAll(source: Buffer, text: string): { start: number; end: number }[] {
  const wanted = Buffer.from(text)
  const found: { start: number; end: number }[] = []
  for (let start = source.indexOf(wanted); start >= 0; start = source.indexOf(wanted, start + wanted.length))
    found.push({ start, end: start + wanted.length })
  return found
}

/** Finds the places where a text has its lines for itself. */
const findLines = (source: Buffer, text: string) =>
  findAll(source, text).filter(
    ({ start, end }) => endsLine(source, start - 1, -1) && endsLine(source, end, 1),
  )

const [TAB, LINE_FEED, RETURN, SPACE] = [9, 10, 13, 32]

/** Whether only spaces stand between a place and the end of its line, in one direction. */
function endsLine(source: Buffer, from: number, step: 1 | -1): boolean {
  let at = from
  while (source[at] === SPACE || source[at] === TAB) at += step
  const sign = source[at]
  return sign === undefined || sign === LINE_FEED || sign === RETURN
}
