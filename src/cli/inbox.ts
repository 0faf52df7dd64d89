import type { Command } from 'commander'
import { textInLine } from '../domain/visible.ts'
import type { Inbox } from '../service/inbox.ts'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'
import { fitLines } from './fit.ts'
import { type Column, fitTable } from './fit-table.ts'
import { glanceOf, shortId, shortIds } from './glance.ts'
import type { Line } from './line.ts'
import { asksForJson, type ListOutput, outputOption, printList } from './list-output.ts'
import { ago, until } from './relative-time.ts'
import { resumeWith } from './run-lines.ts'
import { inHome } from './session.ts'

interface Options extends GlobalOptions, ListOutput {
  as?: string
  cursor?: string
}

/** `cutter inbox`: lists what waits for people: runs at a gate, and runs that stopped. Changes nothing. */
export function defineInbox(program: Command): void {
  defineCommand(
    program,
    'inbox',
    'list what waits for people: final gates first, then other gates, then stopped runs',
    'cutter inbox --as alice@example.org',
  )
    .option('--as <principal>', 'only the gates at which this principal may approve and has not yet')
    .option('--cursor <cursor>', 'continue an earlier inbox, which named the cursor')
    .addOption(outputOption())
    .action(action(inbox))
}

function inbox(options: Options): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io }) => {
    const { readInbox } = await import('../service/inbox.ts')
    const found = await readInbox(home, { as: options.as, cursor: options.cursor })
    printList(io, options, {
      value: found,
      items: found.items,
      columns: CSV_COLUMNS,
      lines: () => linesOfInbox(found, { width: io.width, now: new Date(), as: options.as }),
    })
    if (found.next !== null) io.err(`cutter: there are more: --cursor ${found.next}`)
    return 0
  })
}

const CSV_COLUMNS = [
  ...['runId', 'machine', 'mode', 'status', 'state', 'gate', 'about', 'since', 'startedBy', 'isFinal'],
  ...['need', 'have', 'may', 'expiresAt', 'readyApproval', 'why', 'next'],
]

type Item = Inbox['items'][number]

interface Fit {
  /** Null: nothing is cut or broken. */
  width: number | null
  now: Date
  as?: string | undefined
}

const COLUMNS: Column[] = [
  { title: 'WAITS', most: 14 },
  { title: 'RUN', most: 40 },
  { title: 'MACHINE', most: 12 },
  { title: 'MODE', most: 4 },
  { title: 'SINCE', most: 24 },
  { title: 'ABOUT' },
]
/** The columns of a terminal on which all of them leave no room. */
const NARROW = ['WAITS', 'RUN', 'MODE', 'ABOUT']
const NARROWEST = 72
/** A terminal that is narrower has no room for the mode either. */
const WITH_MODE = 56
/** Wider than any line. */
const ENDLESS = 100_000
/** What is shown of a run stands below its line. */
const INDENT = 4

/** What waits for people: a line for each run, and below it who may do what. */
export function linesOfInbox({ items, more, working }: Inbox, fit: Fit): Line[] {
  const { width, as } = fit
  const whom = as === undefined ? 'people' : as
  // Counted up to 1,000.
  const count = more < 1_000 ? String(more) : 'at least 1000'
  const others = as === undefined ? `${count} more wait` : `${count} wait for others or for help`
  const counts = [
    ...(items.length === 0 ? [`nothing waits for ${textInLine(whom)}`] : []),
    ...(more > 0 ? [others] : []),
    ...(working > 0 ? [`${working} at work`] : []),
  ]
  const summary = counts.length === 0 ? [] : fitLines([counts.join(', ')], { width, hang: 0 })
  if (items.length === 0) return summary
  const isShown = ({ title }: Column) =>
    width === null ||
    width >= NARROWEST ||
    (NARROW.includes(title) && (title !== 'MODE' || width >= WITH_MODE))
  const rows = items.map((item) => cellsOf(item, fit).filter((_, at) => isShown(COLUMNS[at]!)))
  const [head, ...lines] = fitTable(COLUMNS.filter(isShown), rows, width ?? ENDLESS)
  const below = items.map((item) => fitLines(linesBelow(item, fit), { width, hang: INDENT }))
  return [head!, ...lines.flatMap((line, at) => [line, ...below[at]!]), ...summary]
}

function cellsOf({ status, gate, runId, machine, mode, since, about }: Item, { width, now }: Fit) {
  const { sign, word, tone } = glanceOf({ status, gate, outcome: null }, false)
  const shown = textInLine(about)
  return [
    { text: `${sign} ${status === 'paused' ? gate : word}`, style: tone },
    width === null ? runId : shortId(runId),
    machine,
    mode === 'live' ? 'live' : 'dry',
    width === null ? since : ago(since, now),
    width === null ? shown : shortIds(shown),
  ]
}

function linesBelow(item: Item, { width, now }: Fit): Line[] {
  const blank = ' '.repeat(INDENT)
  const id = width === null ? item.runId : shortId(item.runId)
  const { status, isFinal, need, have, may, mode, expiresAt, readyApproval, why, next } = item
  const reason = why === null ? [] : [`${blank}${textInLine(why)}`]
  const way = next === null ? [] : [`${blank}next: ${textInLine(next.replaceAll('<run>', id))}`]
  if (status === 'stopped') return [...reason, ...way]
  const last = width === null ? `counts until ${expiresAt}` : `stops counting ${until(expiresAt ?? '', now)}`
  const end = expiresAt === null ? '' : `, ${last}`
  const who =
    may.length > 0
      ? `may approve: ${may.map(textInLine).join(', ')}`
      : mode === 'dry-run'
        ? 'a rehearsal approval is enough'
        : 'nobody may approve now'
  const signed = have.length === 0 ? '' : ` (${have.map(textInLine).join(', ')}${end})`
  const final: Line[] = isFinal
    ? [[blank, { text: 'final: a yes leads to a write without a known way back', style: 'trouble' }]]
    : []
  return [
    ...final,
    `${blank}${have.length} of ${need} ${need === 1 ? 'approval' : 'approvals'}${signed}; ${who}`,
    ...(may.length === 0 && mode === 'live' ? reason : []),
    `${blank}next: ${readyApproval === null ? `cutter run review ${id}` : resumeWith(id, readyApproval)}`,
  ]
}
