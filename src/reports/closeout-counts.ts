import type { Json } from '../domain/json.ts'
import {
  code,
  flattenFacts,
  inline,
  type Markdown,
  type MarkdownLine,
  md,
  paragraph,
  table,
} from '../domain/markdown.ts'

/** One count before and after, by its path. Null where the login could not read it. */
type CountRow = { of: string; before: number | null; after: number | null }

/** What a machine reports as `{ before, after }`. */
export type CountedSection = {
  what: string
  rows: CountRow[]
  /** Whether the machine proved that the changes are those of its plan; null where it reports nothing about that. */
  asPlanned: boolean | null
  /** What the login may not read (42501), and so not write either. Such rows have no counts. */
  unreadable: string[]
}

/**
 * Finds the counts in a machine's report: each object with `before` and `after`, and with what it says of them in `asPlanned` and `unreadable`.
 * A path that neither side counts is listed only when it is unreadable.
 */
export function countsIn(output: Json): CountedSection[] {
  return Object.entries((output ?? {}) as { [key: string]: Json }).flatMap(([what, value]) => {
    const { before, after, asPlanned, unreadable } = (value ?? {}) as { [key: string]: Json | undefined }
    if (before === undefined || after === undefined) return []
    const hidden = Array.isArray(unreadable) ? unreadable.map(String) : []
    const sides = [before, after].map((side) => new Map(flattenFacts(side)))
    const rows = [...new Set(sides.flatMap((side) => [...side.keys()]))]
      .map((of) => {
        const [was, is] = sides.map((side) => side.get(of))
        return { of, before: numberOrNull(was), after: numberOrNull(is) }
      })
      .filter((row) => row.before !== null || row.after !== null || hidden.includes(lastName(row.of)))
    if (rows.length === 0) return []
    return [{ what, rows, asPlanned: typeof asPlanned === 'boolean' ? asPlanned : null, unreadable: hidden }]
  })
}

const numberOrNull = (value: Json | undefined) => (typeof value === 'number' ? value : null)
const lastName = (path: string) => path.slice(path.lastIndexOf('.') + 1)

/** Whether a flag of the report is about counts, so that their section shows it and the list of checks does not. */
export const isAboutCounts = (path: string, counts: CountedSection[]): boolean =>
  counts.some(({ what }) => path === `${what}.identical` || path === `${what}.asPlanned`)

/** The section of one counted thing: what the change means in a sentence, then each count. */
export function countLines({ what, rows, asPlanned, unreadable }: CountedSection): MarkdownLine[] {
  const cell = ({ of }: CountRow, count: number | null) =>
    count === null && unreadable.includes(lastName(of)) ? 'unreadable' : inline(count)
  return [
    md`## Before and after: ${code(what)}`,
    '',
    ...paragraph(meaning(rows, asPlanned, unreadable.length > 0)),
    ...(unreadable.length === 0
      ? []
      : paragraph(
          md`Unreadable for the login that counted, hence unwritable by it (42501): ${unreadable.map(code)}.`,
        )),
    ...table(
      ['', 'before', 'after', 'change'],
      rows.map((row) => [code(row.of), cell(row, row.before), cell(row, row.after), changeOf(row)]),
    ),
  ]
}

function meaning(rows: CountRow[], asPlanned: boolean | null, isPartial: boolean): Markdown {
  const changed = rows.filter(({ before, after }) => before !== after)
  if (changed.length === 0)
    return isPartial
      ? md`Every count that could be read is the same before and after.`
      : md`Every count is the same before and after.`
  const list = changed.map((row) => md`${code(row.of)} ${changeOf(row)}`)
  const judged = asPlanned === null ? md`` : asPlanned ? md`, as planned` : md`, and not as planned`
  return md`These counts changed${judged}: ${list}. ${isPartial ? md`All others that could be read are the same.` : md`All others are the same.`}`
}

function changeOf({ before, after }: CountRow): Markdown {
  if (before === null || after === null) return before === after ? md`–` : md`other`
  const by = after - before
  return by > 0 ? md`+${by}` : by === 0 ? md`0` : md`−${-by}`
}
