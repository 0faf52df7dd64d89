import { type HostOutcome, listHostOutcomes } from '../domain/host-outcomes.ts'
import type { Json } from '../domain/json.ts'
import {
  code,
  duration,
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
import { type CountedSection, countLines, countsIn, isAboutCounts } from './closeout-counts.ts'
import { listArrivals, listDecisions, listPhases, listRefusals, type Phase } from './history-summary.ts'
import { describeLeftOnHost, findLeftOnHost } from './left-on-host.ts'
import { listHostPlans, type Plan, planOf } from './plan-section.ts'
import type { Report, ReportInput } from './report.ts'
import { rollbackLines, rollbackToPaste } from './rollback-section.ts'
import { listedWrites, whatStays } from './what-stays.ts'

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
  const remains = findLeftOnHost(record)
  const rollbacks = listRollbacks(record, decisions)
  const readings = switchReadings(history)
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
      ...(remains === null ? {} : { leftOnHost: { ...remains } }),
      counts,
      output,
      checks: Object.fromEntries(checks),
      approvals: decisions as unknown as Json,
      refused: refused as unknown as Json,
      rollback: Object.fromEntries(rollbacks),
      rollbackCommands: Object.fromEntries(
        rollbacks.map(([gate, rollback]) => [gate, rollbackToPaste(rollback, runId)]),
      ),
      executionSwitch: readings,
    },
    markdown: closeoutMarkdown(run, {
      done,
      failed,
      stays: [...stays, ...(remains === null ? [] : [describeLeftOnHost(remains)])],
      rollbacks: left ? withoutTakenBack(run, rollbacks) : [],
      checks,
      counts,
      decisions,
      refused,
      readings,
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
  counts: CountedSection[]
  decisions: ReturnType<typeof listDecisions>
  refused: ReturnType<typeof listRefusals>
  readings: SwitchReadings
}

function closeoutMarkdown(run: Run, facts: CloseoutFacts): string {
  const { runId, machine, version, mode, outcome, stop, seq, head, startedBy, osUser, startedAt } = run
  const { done, failed, stays, rollbacks, checks, counts, decisions, refused, readings } = facts
  const taken = Date.parse(run.updatedAt) - Date.parse(startedAt)
  return page(
    md`# Closeout: ${outcome ?? 'stopped'}`,
    '',
    md`Run ${code(runId)} of machine ${code(machine)} ${code(version)}, ${mode}, started by ${code(startedBy)} (system user ${code(osUser)}) on ${code(startedAt)}.`,
    '',
    ending(run, taken),
    '',
    ...(stop === null ? [] : factTable(stop as unknown as Json)),
    ...section('The hosts', hostTable(listHostOutcomes(run))),
    ...section('What was done', doneTable(done)),
    ...section('What failed on the way', failedTable(failed)),
    md`## What stays`,
    '',
    ...points(stays),
    '',
    ...rollbacks.flatMap(([gate, rollback]) =>
      rollbackLines(md`How it is taken back, as the plan of ${code(gate)} says:`, rollback, runId),
    ),
    ...section(
      md`What was checked`,
      table(
        ['check', 'holds'],
        checks
          .filter(([path]) => !isAboutCounts(path, counts))
          .map(([path, value]) => [code(path), value === true ? 'yes' : 'no']),
      ),
    ),
    ...counts.flatMap(countLines),
    ...section('The execution switch', switchTable(readings)),
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
    .map(({ kind, ran, endedAt, state, seq, host }) => ({
      phase: name,
      ...onHost(host),
      kind,
      ran,
      endedAt,
      state,
      seq,
    }))

const failedOf = ({ name, tries }: Phase) =>
  tries
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ kind, endedAt, state, seq, host, error }) => {
      const { code: stopCode = null, message = null } = (error ?? {}) as { [key: string]: Json }
      return { phase: name, ...onHost(host), kind, endedAt, state, seq, code: stopCode, message }
    })

/** Only rows of runs with several hosts name one. */
const onHost = (host: string | null): { host?: string } => (host === null ? {} : { host })

/** The column of the host, for a table in which any row has one. */
const hostColumn = (rows: { host?: string }[]) =>
  rows.some(({ host }) => host !== undefined)
    ? { title: ['host'], cell: ({ host }: { host?: string }) => [host === undefined ? md`–` : code(host)] }
    : { title: [], cell: () => [] }

function doneTable(done: ReturnType<typeof doneOf>): MarkdownLine[] {
  const { title, cell } = hostColumn(done)
  return table(
    ['phase', ...title, 'ran', 'reached', 'on', 'entry'],
    done.map((one) => [
      code(one.phase),
      ...cell(one),
      inline(one.ran),
      code(one.state),
      code(one.endedAt),
      String(one.seq),
    ]),
  )
}

/** Where each host of a run with several stands. */
const hostTable = (hosts: HostOutcome[]) =>
  table(
    ['host', 'stands as', 'why'],
    hosts.map(({ host, state, why }) => [code(host), code(state), inline(why)]),
  )

function failedTable(failed: ReturnType<typeof failedOf>): MarkdownLine[] {
  const { title, cell } = hostColumn(failed)
  return table(
    ['phase', ...title, 'why', 'entry'],
    failed.map((one) => [
      code(one.phase),
      ...cell(one),
      md`${inline(one.code)} ${inline(one.message)}`,
      String(one.seq),
    ]),
  )
}

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

/** A plan of several hosts has a rollback for each of them. */
const rollbackOf = (gate: string, plan: Plan | null): [string, Json][] => [
  ...(plan?.rollback === undefined ? [] : [[gate, plan.rollback] as [string, Json]]),
  ...listHostPlans(plan).map(([host, { rollback = null }]): [string, Json] => [
    gateOnHost(gate, host),
    rollback,
  ]),
]

const gateOnHost = (gate: string, host: string) => `${gate} on ${host}`

/** The rollbacks but those of hosts on which nothing of the run is left. */
function withoutTakenBack(run: Run, rollbacks: [gate: string, rollback: Json][]) {
  const back = listHostOutcomes(run).filter(({ state }) => state === 'failed' || state === 'back')
  return rollbacks.filter(([gate]) => !back.some(({ host }) => gate.endsWith(gateOnHost('', host))))
}

/** The execution switch as it was read with the first and the last entry. Null for runs of releases that did not record it. */
interface SwitchReadings {
  [when: string]: Json
  start: Json
  end: Json
}

const switchReadings = (history: ReportInput['record']['history']): SwitchReadings => {
  const read = (index: number) => history.at(index)?.event.executionSwitch ?? null
  return { start: read(0), end: history.at(-1)?.status === 'closed' ? read(-1) : null }
}

const switchTable = (readings: SwitchReadings) =>
  table(
    ['when', 'switch', 'until', 'read on'],
    (['start', 'end'] as const).flatMap((when) => {
      const { enabled, until, at } = (readings[when] ?? {}) as { [key: string]: Json }
      if (typeof enabled !== 'boolean') return []
      return [[`${when} of the run`, enabled ? 'on' : 'off', inline(until), inline(at)]]
    }),
  )
