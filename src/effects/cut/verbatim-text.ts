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

/**
 * Finds where the text of a unit stands word for word in a new text: all of it, or its longer paragraphs. `records` are the records
 * that may have taken the text: those that are not as they were before.
 */
export function findVerbatim({ body }: CurrentText, source: Buffer, records: ScanRecord[]): Standing {
  const complete = body.trim()
  const paragraphs = complete
    .split(/\n\s*\n/)
    .slice(1)
    .map((text) => text.trim())
  const parts = [complete, ...paragraphs].filter((text) => Buffer.byteLength(text) >= SHORTEST)
  const units = new Set<ScanRecord>()
  let outside = false
  for (const part of parts) {
    const wanted = Buffer.from(part)
    for (let at = source.indexOf(wanted); at >= 0; at = source.indexOf(wanted, at + wanted.length)) {
      const end = at + wanted.length
      for (const record of records) {
        if (record.start >= end || record.end <= at) continue
        if (record.kind === 'unit') units.add(record)
        else outside = true
      }
    }
    if (units.size > 0) break
  }
  return { units: [...units], outside: outside && units.size === 0 }
}
