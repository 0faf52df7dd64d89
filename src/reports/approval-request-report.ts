import type { Json } from '../domain/json.ts'
import { code, inline, type Markdown, md, page, table } from '../domain/markdown.ts'
import type { Run } from '../domain/run.ts'
import { approversInWords, commandsFor, commandsInWords, rulesAt } from './approvers-section.ts'
import { type Arrival, listDecisions, listRefusals, type ReportedDecision } from './history-summary.ts'
import { actionCounts, type Plan, planInWords, planOf, planRollbackToPaste } from './plan-section.ts'
import type { GateRules, Report, ReportInput } from './report.ts'

/**
 * The request for an approval: all that the run would do, what it expects of the world, the rollback, who may approve, and the commands.
 * The newest arrival at the gate counts; the report names the earlier ones.
 */
export function buildRequestReport(
  input: ReportInput,
  arrivals: Arrival[],
): Pick<Report, 'facts' | 'markdown'> {
  const { record } = input
  const { run } = record
  const { runId, machine, version, mode } = run
  const newest = arrivals.at(-1)!
  const { gate, planDigest, entry } = newest
  const plan = planOf(record, planDigest)
  const rules = rulesAt(input, newest)
  const commands = commandsFor(run, gate)
  const decided = listDecisions(record).find((one) => one.gate === gate && one.usedSeq > entry.seq) ?? null
  const until = decided?.usedSeq ?? Number.POSITIVE_INFINITY
  const refused = listRefusals(record.history).filter(
    ({ seq }) => seq > arrivals[0]!.entry.seq && seq < until,
  )
  const earlier = arrivals
    .slice(0, -1)
    .map((arrival) => ({ seq: arrival.entry.seq, at: arrival.entry.at, planDigest: arrival.planDigest }))
  return {
    facts: {
      type: 'cutter.report.approval-request/v1',
      runId,
      machine,
      version,
      mode,
      gate,
      state: entry.state,
      seq: entry.seq,
      hash: entry.hash,
      arrivedAt: entry.at,
      planDigest,
      counts: actionCounts(plan),
      plan,
      mayApprove: { ...(rules as unknown as { [key: string]: Json }), allowedSigners: input.allowedSigners },
      commands,
      rollbackCommands: planRollbackToPaste(plan, runId),
      decided: decided as unknown as Json,
      refused: refused as unknown as Json,
      earlier,
    },
    markdown: requestMarkdown(input, newest, { plan, rules, commands, decided, refused, earlier }),
  }
}

interface RequestFacts {
  plan: Plan | null
  rules: GateRules
  commands: { [purpose: string]: string[] }
  decided: ReportedDecision | null
  refused: ReturnType<typeof listRefusals>
  earlier: { seq: number; planDigest: string | null }[]
}

function requestMarkdown(
  input: ReportInput,
  newest: Arrival,
  { plan, rules, commands, decided, refused, earlier }: RequestFacts,
): string {
  const { run } = input.record
  const { runId, machine, version, mode } = run
  const { gate, planDigest, entry } = newest
  return page(
    md`# Approval asked for at gate ${code(gate)}`,
    '',
    md`Run ${code(runId)} of machine ${code(machine)} ${code(version)}, ${mode}, came to ${code(entry.state)} on ${code(entry.at)}.`,
    '',
    standing(run, newest, decided),
    '',
    ...planInWords(run, plan),
    ...approversInWords(input, rules, run, gate),
    ...commandsInWords(commands),
    md`## Where it stands in the history`,
    '',
    ...table(
      ['this request', ''],
      [
        ['plan', inline(planDigest)],
        ['entry', md`${entry.seq}, ${code(entry.hash)}`],
        ...earlier.map(({ seq, planDigest: old }) => [md`asked before in entry ${seq}`, inline(old)]),
      ],
    ),
    ...table(
      ['refused in entry', 'reason', 'why'],
      refused.map(({ seq, reason, message }) => [String(seq), inline(reason), inline(message)]),
    ),
  )
}

function standing(
  { gate, status, outcome }: Run,
  arrival: Arrival,
  decided: ReportedDecision | null,
): Markdown {
  if (decided !== null) {
    const { decision, approvers, usedAt, usedSeq } = decided
    const names = approvers.map(({ name }) => code(name))
    const what = { approve: 'approved', reject: 'rejected', void: 'voided' }[decision] ?? decision
    return md`**Decided**: ${what} by ${names}, used in entry ${usedSeq} on ${code(usedAt)}.`
  }
  if (status === 'closed') return md`**Over**: the run closed as ${outcome} without a decision here.`
  return status === 'paused' && gate === arrival.gate
    ? md`**Waiting**: the run continues only under an approval of this plan.`
    : md`**Asked for, and not decided**.`
}
