import { listApprovers } from '../../domain/decisions.ts'
import { describeEntry, type EntryWords } from '../../domain/entry-words.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { ENGINE, entryMarks } from '../../domain/history-facts.ts'
import { nameInLine, textInLine } from '../../domain/visible.ts'
import { fitLines } from '../fit.ts'
import { glanceOf } from '../glance.ts'
import type { Line } from '../line.ts'
import { ago, lengthOf } from '../relative-time.ts'
import { describeApprovers } from '../run-lines.ts'
import { formatTable } from '../table.ts'

/** The history of a run for people: its phases, and what people did. `--json` has the events of its chart. */
export interface HistoryLines {
  /** The first entries, below a head. */
  all(entries: HistoryEntry[]): Line[]
  /** A further entry, after the one before it. */
  one(entry: HistoryEntry, before: HistoryEntry | undefined): Line[]
}

/** @param width null: complete times and no line is broken */
export const historyLines = (width: number | null, now: Date): HistoryLines =>
  width === null ? COMPLETE : fitted(width, now)

const COMPLETE: HistoryLines = {
  all: (entries) =>
    formatTable(['SEQ', 'AT', 'WHAT', 'BY', 'STATE', 'STATUS', 'DECIDED BY'], entries.map(cellsOf)),
  one: (entry) => [cellsOf(entry).join('  ').trimEnd()],
}

function cellsOf(entry: HistoryEntry): string[] {
  const { seq, at, by, state, status } = entry
  const { text, detail } = describeEntry(entry, [])
  const what = detail === null ? text : `${text}: ${textInLine(detail)}`
  return [String(seq), at, what, by, state, status, describeApprovers(listApprovers(entry))]
}

/** The columns before the text: number, time, sign. */
const HANG = '  1  just now  ✓ '.length

const SIGNS: { [kind in EntryWords['kind']]: { text: string; style: 'bold' | 'dim' | 'trouble' } } = {
  person: { text: '●', style: 'bold' },
  engine: { text: '·', style: 'dim' },
  refusal: { text: '✗', style: 'trouble' },
  failure: { text: '!', style: 'trouble' },
}

function fitted(width: number, now: Date): HistoryLines {
  const one = (entry: HistoryEntry, before: HistoryEntry | undefined) =>
    fitLines([lineOfEntry(entry, before, now)], { width, hang: HANG })
  return {
    one,
    all: (entries) => [
      [{ text: 'SEQ  WHEN        WHAT', style: 'dim' }],
      ...entries.flatMap((entry, at) => one(entry, entries[at - 1])),
    ],
  }
}

function lineOfEntry(entry: HistoryEntry, before: HistoryEntry | undefined, now: Date): Line {
  const people = listApprovers(entry)
  const words = describeEntry(entry, people.length === 0 ? [] : [describeApprovers(people)])
  const [sign, rest] = endOf(entry, words, before)
  const by = entry.by === ENGINE ? '' : `, by ${nameInLine(entry.by)}`
  const isPhase = before?.status === 'working' && entry.event.type.startsWith('xstate.done')
  const took = isPhase ? `, ${lengthOf(Date.parse(entry.at) - Date.parse(before.at))}` : ''
  const detail = words.detail === null ? '' : `: ${textInLine(words.detail)}`
  return [
    `${String(entry.seq).padStart(3)}  ${ago(entry.at, now).padEnd(8)}  `,
    sign,
    ` ${words.text}${by}`,
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
  const text = status === 'stopped' ? [] : [`, `, { text: word, style: tone }]
  return [{ text: sign, style: tone }, [...moved, ...text]]
}
