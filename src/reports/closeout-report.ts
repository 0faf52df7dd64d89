import { findAbandonment, KNOWN_OF_WRITE, listBegunWrites } from '../domain/begun-writes.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import {
  code,
  duration,
  factList,
  factTable,
  flattenFacts,
  inline,
  type Markdown,
  type MarkdownLine,
  md,
  page,
  points,
  type Shown,
  table,
} from '../domain/markdown.ts'
import type { Run } from '../domain/run.ts'
import { listArrivals, listDecisions, listPhases, listRefusals, type Phase } from './history-summary.ts'
import { type Plan, planOf } from './plan-section.ts'
import type { Report, ReportInput } from './report.ts'

/**
 * The closeout report of a run: what was done and how, what was checked, the counts before and after, who approved, what remains. For a run
 * that stopped, or was rejected or cancelled, it says where, why, and what remains.
 */
export function buildCloseoutReport({ record }: ReportInput): Pick<Report, 'facts' | 'markdown'> {
  const { run, history } = record
  const { runId, machine, version, mode, status, outcome, state, stop, output } = run
  const phases = listPhases(record)
  const done = phases.flatMap(doneOf)
  const failed = phases.flatMap(failedOf)
  const decisions = listDecisions(record)
  const refused = listRefusals(history)
  const checks = flattenFacts(output).filter(([, value]) => typeof value === 'boolean')
  const counts = countsIn(output)
  const { left, lines: stays } = whatStays(run, history)
  const rollbacks = listRollbacks(record, decisions)
  const { seq, head, startedBy, osUser, startedAt, updatedAt } = run
  return {
    facts: {
      type: 'cutter.report.closeout/v1',
      runId,
      machine,
      version,
      mode,
      status,
      outcome,
      state,
      stop: stop as unknown as Json,
      startedBy,
      osUser,
      startedAt,
      endedAt: updatedAt,
      entries: seq,
      head,
      done,
      failed,
      stays: stays.map(String),
      ...(outcome === 'abandoned' ? { unsettledWrites: listedWrites(history) } : {}),
      counts,
      output,
      checks: Object.fromEntries(checks),
      approvals: decisions as unknown as Json,
      refused: refused as unknown as Json,
      rollback: Object.fromEntries(rollbacks),
    },
    markdown: closeoutMarkdown(run, {
      done,
      failed,
      stays,
      rollbacks: left ? rollbacks : [],
      checks,
      counts,
      decisions,
      refused,
    }),
  }
}

interface CloseoutFacts {
  done: ReturnType<typeof doneOf>
  failed: ReturnType<typeof failedOf>
  stays: Markdown[]
  /** By gate, where writes remain. */
  rollbacks: [gate: string, rollback: Json][]
  checks: [path: string, value: Json][]
  counts: ReturnType<typeof countsIn>
  decisions: ReturnType<typeof listDecisions>
  refused: ReturnType<typeof listRefusals>
}

function closeoutMarkdown(run: Run, facts: CloseoutFacts): string {
  const { runId, machine, version, mode, outcome, stop, seq, head, startedBy, osUser, startedAt } = run
  const { done, failed, stays, rollbacks, checks, counts, decisions, refused } = facts
  const taken = Date.parse(run.updatedAt) - Date.parse(startedAt)
  return page(
    md`# Closeout: ${outcome ?? 'stopped'}`,
    '',
    md`Run ${code(runId)} of machine ${code(machine)} ${code(version)}, ${mode}, started by ${code(startedBy)} (system user ${code(osUser)}) on ${code(startedAt)}.`,
    '',
    ending(run, taken),
    '',
    ...(stop === null ? [] : factTable(stop as unknown as Json)),
    ...section('What was done', doneTable(done)),
    ...section('What failed on the way', failedTable(failed)),
    md`## What stays`,
    '',
    ...points(stays),
    '',
    ...rollbacks.flatMap(([gate, rollback]): MarkdownLine[] => [
      md`How it is taken back, as the plan of ${code(gate)} says:`,
      '',
      ...factList(rollback),
      '',
    ]),
    ...section(
      md`What was checked`,
      table(
        ['check', 'holds'],
        checks.map(([path, value]) => [code(path), value === true ? 'yes' : 'no']),
      ),
    ),
    ...counts.flatMap(({ what, rows }) => section(md`Before and after: ${code(what)}`, countTable(rows))),
    ...section('Who decided', decisionTable(decisions)),
    ...section('What was refused', refusalTable(refused)),
    md`## The end of the history`,
    '',
    ...table(['entry', 'hash'], [[String(seq), code(head)]]),
  )
}

const section = (title: Shown, lines: MarkdownLine[]): MarkdownLine[] =>
  lines.length === 0 ? [] : [md`## ${title}`, '', ...lines]

function ending({ status, outcome, state, updatedAt }: Run, milliseconds: number): Markdown {
  const what =
    status === 'closed'
      ? md`**Closed as ${outcome}**`
      : md`**Stopped**; it is not closed, and \`cutter run resume\` can continue it`
  return md`${what}, at ${code(state)} on ${code(updatedAt)}, ${duration(milliseconds)} after its start.`
}

const doneOf = ({ name, tries }: Phase) =>
  tries
    .filter(({ outcome }) => outcome === 'done')
    .map(({ kind, ran, endedAt, state, seq }) => ({ phase: name, kind, ran, endedAt, state, seq }))

const failedOf = ({ name, tries }: Phase) =>
  tries
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ kind, endedAt, state, seq, error }) => {
      const { code: stopCode = null, message = null } = (error ?? {}) as { [key: string]: Json }
      return { phase: name, kind, endedAt, state, seq, code: stopCode, message }
    })

const doneTable = (done: ReturnType<typeof doneOf>) =>
  table(
    ['phase', 'ran', 'reached', 'on', 'entry'],
    done.map(({ phase, ran, state, endedAt, seq }) => [
      code(phase),
      inline(ran),
      code(state),
      code(endedAt),
      String(seq),
    ]),
  )

const failedTable = (failed: ReturnType<typeof failedOf>) =>
  table(
    ['phase', 'why', 'entry'],
    failed.map((one) => [code(one.phase), md`${inline(one.code)} ${inline(one.message)}`, String(one.seq)]),
  )

const decisionTable = (decisions: ReturnType<typeof listDecisions>) =>
  table(
    ['gate', 'decision', 'by', 'with key', 'reason', 'approval', 'used in entry'],
    decisions.flatMap(({ gate, decision, approvers, kind, usedSeq, usedAt }) =>
      approvers.map(({ name, fingerprint, reason, approvalId }) => [
        code(gate),
        code(decision),
        code(name),
        fingerprint === null ? md`none: a ${kind}` : code(fingerprint),
        code(reason),
        code(approvalId),
        md`${usedSeq}, on ${code(usedAt)}`,
      ]),
    ),
  )

const refusalTable = (refused: ReturnType<typeof listRefusals>) =>
  table(
    ['entry', 'by', 'reason', 'why'],
    refused.map(({ seq, by, reason, message }) => [String(seq), code(by), inline(reason), inline(message)]),
  )

/** The unsettled writes of an abandoned run, as its closing entry lists them. */
const listedWrites = (history: HistoryEntry[]) =>
  (findAbandonment(history)?.unsettledWrites ?? []) as unknown as Json

/** What writes left in the world, as the history shows: each write that was begun, and what is known of it. */
function whatStays({ mode, outcome }: Run, history: HistoryEntry[]): { left: boolean; lines: Markdown[] } {
  const lines = listBegunWrites(history).map(({ effect, committed, ran, seq }) =>
    committed === 'yes'
      ? md`${code(effect)} was done (${ran ?? 'probe'}), entry ${seq}.`
      : md`Whether ${code(effect)} was done is not known, entry ${seq}${outcome === 'abandoned' ? '' : '; resuming asks the target'}.`,
  )
  const listed = findAbandonment(history)?.unsettledWrites ?? []
  for (const { phase, seq, attempt, known } of listed.filter(
    (write) => write.known === KNOWN_OF_WRITE.inFlight,
  ))
    lines.push(md`${code(phase)}, asked for in entry ${seq} (attempt ${attempt}): ${known}.`)
  if (lines.length > 0 && outcome === 'rolled-back') {
    lines.push(md`The last of these took the others back; its own report says what remains.`)
    return { left: false, lines }
  }
  if (lines.length > 0) return { left: true, lines }
  const why = mode === 'live' ? 'no write was done' : 'this was a dry run, and no write was done for real'
  return { left: false, lines: [md`Nothing of what was planned: ${why}.`] }
}

/** The rollback of each approved plan, by gate. */
function listRollbacks(
  record: ReportInput['record'],
  decisions: ReturnType<typeof listDecisions>,
): [gate: string, rollback: Json][] {
  const passed = decisions.filter(({ decision }) => decision === 'approve').map(({ gate }) => gate)
  return listArrivals(record.history)
    .filter(({ gate }) => passed.includes(gate))
    .flatMap(({ gate, planDigest }) => rollbackOf(gate, planOf(record, planDigest)))
}

const rollbackOf = (gate: string, plan: Plan | null): [string, Json][] =>
  plan?.rollback === undefined ? [] : [[gate, plan.rollback]]

interface Counted {
  what: string
  rows: { of: string; before: number | null; after: number | null }[]
}

/** What the machine reports as `{ before, after }`, without what neither of them counts. */
function countsIn(output: Json): (Counted & { [key: string]: Json })[] {
  return Object.entries((output ?? {}) as { [key: string]: Json }).flatMap(([what, value]) => {
    const { before, after } = (value ?? {}) as { before?: Json; after?: Json }
    if (before === undefined || after === undefined) return []
    const sides = [before, after].map((side) => new Map(flattenFacts(side)))
    const rows = [...new Set(sides.flatMap((side) => [...side.keys()]))].map((of) => {
      const [was, is] = sides.map((side) => side.get(of))
      return { of, before: typeof was === 'number' ? was : null, after: typeof is === 'number' ? is : null }
    })
    const counted = rows.filter((row) => row.before !== null || row.after !== null)
    return counted.length === 0 ? [] : [{ what, rows: counted }]
  })
}

const countTable = (rows: Counted['rows']) =>
  table(
    ['', 'before', 'after'],
    rows.map(({ of, before, after }) => [code(of), inline(before), inline(after)]),
  )
