import { listApprovers, type Reasons } from '../../domain/decisions.ts'
import { describeApprovers, describeEntry, type EntryWords, saysOutcome } from '../../domain/entry-words.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { describeAuthor, ENGINE, entryMarks } from '../../domain/history-facts.ts'
import { textInLine } from '../../domain/visible.ts'
import { fitLines } from '../fit.ts'
import { glanceOf } from '../glance.ts'
import type { Line } from '../line.ts'
import { ago, clockTime, lengthOf } from '../relative-time.ts'
import { formatTable } from '../table.ts'

/** The history of a run for people: its phases, and what people did. `--json` has the events of its chart. */
export interface HistoryLines {
  /** The first entries, below a head. */
  all(entries: HistoryEntry[]): Line[]
  /** A further entry, after the one before it. */
  one(entry: HistoryEntry, before: HistoryEntry | undefined): Line[]
}

export interface HistoryForm {
  /** In characters; null: complete times, and no line is broken. */
  width: number | null
  now: Date
  /** Whether lines stay while time passes: then each has the time of its entry, and not how long ago that was. */
  isFollowed?: boolean
  reasons: Reasons
}

export const historyLines = ({ width, now, reasons, isFollowed = false }: HistoryForm): HistoryLines =>
  width === null ? complete(reasons) : fitted(width, { now, reasons, isFollowed })

const complete = (reasons: Reasons): HistoryLines => ({
  all: (entries) =>
    formatTable(
      ['SEQ', 'AT', 'WHAT', 'BY', 'STATE', 'STATUS', 'DECIDED BY'],
      entries.map((entry) => cellsOf(entry, reasons)),
      null,
    ),
  one: (entry) => [cellsOf(entry, reasons).join('  ').trimEnd()],
})

function cellsOf(entry: HistoryEntry, reasons: Reasons): string[] {
  const { seq, at, state, status } = entry
  const by = describeAuthor(entry) || ENGINE
  const { text, detail } = describeEntry(entry, reasons)
  const what = detail === null ? text : `${text}: ${textInLine(detail)}`
  return [String(seq), at, what, by, state, status, describeApprovers(listApprovers(entry))]
}

/** The columns before the text: number, time, sign. */
const HANG = '  1  just now  ✓ '.length

const SIGNS: { [kind in EntryWords['kind']]: { text: string; style: 'bold' | 'dim' | 'trouble' } } = {
  person: { text: '●', style: 'bold' },
  agent: { text: '○', style: 'bold' },
  engine: { text: '·', style: 'dim' },
  refusal: { text: '✗', style: 'trouble' },
  failure: { text: '!', style: 'trouble' },
}

type Form = Required<Omit<HistoryForm, 'width'>>

function fitted(width: number, form: Form): HistoryLines {
  const one = (entry: HistoryEntry, before: HistoryEntry | undefined) =>
    fitLines([lineOfEntry(entry, before, form)], { width, hang: HANG })
  return {
    one,
    all: (entries) => [
      [{ text: form.isFollowed ? 'SEQ  UTC         WHAT' : 'SEQ  WHEN        WHAT', style: 'dim' }],
      ...entries.flatMap((entry, at) => one(entry, entries[at - 1])),
    ],
  }
}

function lineOfEntry(
  entry: HistoryEntry,
  before: HistoryEntry | undefined,
  { now, reasons, isFollowed }: Form,
): Line {
  const words = describeEntry(entry, reasons)
  const [sign, rest] = endOf(entry, words, before)
  const author = describeAuthor(entry)
  const by = author === '' ? '' : `, by ${author}`
  const isPhase = before?.status === 'working' && entry.event.type.startsWith('xstate.done')
  const took = isPhase ? `, ${lengthOf(Date.parse(entry.at) - Date.parse(before.at))}` : ''
  const people = words.people === null ? '' : `: ${words.people}`
  const detail = words.detail === null ? '' : `: ${textInLine(words.detail)}`
  const when = isFollowed ? clockTime(entry.at, now) : ago(entry.at, now)
  return [
    `${String(entry.seq).padStart(3)}  ${when.padEnd(8)}  `,
    sign,
    ` ${words.text}${people}${by}`,
    { text: took, style: 'dim' },
    detail,
    ...rest,
  ]
}

type Parts = Exclude<Line, string>

/** The sign of an entry, and where it left the run. */
function endOf(
  entry: HistoryEntry,
  words: EntryWords,
  before: HistoryEntry | undefined,
): [sign: Parts[number], rest: Parts] {
  const { state, status } = entry
  const isMoved = before === undefined || before.state !== state || before.status !== status
  const moved: Parts = isMoved && before?.state !== state ? [{ text: ` → ${state}`, style: 'dim' }] : []
  if (status === 'working' || !isMoved) return [SIGNS[words.kind], moved]
  const { arrival, outcome = null } = entryMarks(entry)
  const { sign, word, tone } = glanceOf({ status, outcome, gate: arrival?.gate ?? null }, false)
  const isSaid = status === 'stopped' || saysOutcome(words, outcome)
  const text = isSaid ? [] : [`, `, { text: word, style: tone }]
  return [{ text: sign, style: tone }, [...moved, ...text]]
}
