import type { Json } from '../domain/json.ts'
import {
  code,
  duration,
  factTable,
  inline,
  type Markdown,
  type MarkdownLine,
  md,
  page,
  paragraph,
  quoted,
  type Shown,
  table,
} from '../domain/markdown.ts'
import type { EvidenceRow } from '../store/run-store.ts'
import type { Phase, PhaseTry } from './history-summary.ts'
import type { Report, ReportInput } from './report.ts'

/** The receipt of one phase: what it came to, how it ran, what it left, and every try before it that failed. */
export function buildPhaseReport(
  { record: { run, contents } }: ReportInput,
  { name, tries }: Phase,
): Pick<Report, 'facts' | 'markdown'> {
  const { runId, machine, version, mode } = run
  const newest = tries.at(-1)!
  const earlier = tries.slice(0, -1).reverse()
  return {
    facts: {
      type: 'cutter.report.phase/v1',
      runId,
      machine,
      version,
      mode,
      phase: name,
      outcome: newest.outcome,
      state: newest.state,
      kind: newest.kind,
      tries: tries as unknown as Json,
    },
    markdown: page(
      md`# Phase ${code(name)}`,
      '',
      md`Run ${code(runId)} of machine ${code(machine)} ${code(version)}, ${mode}.`,
      '',
      tried(newest),
      '',
      ...receipt(newest, mode),
      ...texts(newest, contents),
      ...(earlier.length === 0 ? [] : paragraph(md`## Earlier tries`)),
      ...earlier.flatMap((one): MarkdownLine[] => [tried(one), '', ...receipt(one, mode)]),
    ),
  }
}

function tried({ outcome, from, state, seq, status }: PhaseTry): Markdown {
  if (outcome === 'done') {
    const way =
      from === state
        ? md`the run stayed at ${code(state)}`
        : md`the run went from ${code(from)} to ${code(state)}`
    return md`**Done** at entry ${seq}: ${way}.`
  }
  const then = {
    stopped: 'stopped there',
    paused: 'waits at its gate',
    working: 'went on',
    closed: 'closed',
  }[status]
  return md`**Failed** at entry ${seq}: the run stayed at ${code(state)} and ${then}.`
}

/** What the phase itself wrote for people, such as the eight parts of a deploy's report, as a quotation. */
function texts({ evidence }: PhaseTry, contents: Map<string, Uint8Array>): MarkdownLine[] {
  const written = evidence.filter(({ mediaType }) => mediaType === 'text/markdown')
  return written.flatMap(({ digest }): MarkdownLine[] => {
    const text = Buffer.from(contents.get(digest) ?? []).toString('utf8')
    return [...quoted(text.trimEnd()), '']
  })
}

const readingOf = ({ readings }: PhaseTry, name: string) =>
  readings[name] === undefined ? 'not read' : inline(readings[name])

function howItRan({ ran, kind }: PhaseTry): Shown {
  if (ran === null) return 'it came to no result'
  return kind === 'read' || RAN[ran] === undefined ? code(ran) : md`${code(ran)}: ${RAN[ran]}`
}

const RAN: { [how: string]: string } = {
  execute: 'written for real',
  simulate: 'shown without doing it; nothing was written to the target',
  probe: 'the target was asked, and it had been written already',
}

function receipt(one: PhaseTry, mode: string): MarkdownLine[] {
  const { executionSwitch: _, hold: __, ...others } = one.readings
  const rows: Shown[][] = [
    ['began', code(one.beganAt)],
    ['ended', md`${code(one.endedAt)}, ${duration(one.milliseconds)}`],
    ['kind', one.kind === 'write' ? md`a write, ${mode}` : 'a read'],
    ['ran', howItRan(one)],
    ['attempt', String(one.attempt)],
    ['execution switch', readingOf(one, 'executionSwitch')],
    ['hold', readingOf(one, 'hold')],
    ...Object.entries(others).map(([name, value]) => [code(name), inline(value)]),
    ['entry', md`${one.seq}, ${code(one.hash)}`],
    ['follows', code(one.previousHash)],
  ]
  return [
    ...table(['receipt', ''], rows),
    ...(one.error === null ? [] : [...paragraph(md`Why it failed:`), ...factTable(one.error)]),
    ...(one.output === null ? [] : [...paragraph(md`What it found:`), ...factTable(one.output)]),
    ...evidenceTable(one.evidence),
  ]
}

function evidenceTable(evidence: EvidenceRow[]): MarkdownLine[] {
  if (evidence.length === 0) return []
  const rows = evidence.map(({ name, digest, mediaType, bytes }) => [
    code(name),
    code(digest),
    code(mediaType),
    String(bytes),
  ])
  return [md`What it left as evidence:`, '', ...table(['name', 'digest', 'type', 'bytes'], rows)]
}
