import type { Command } from 'commander'
import { describeUnsettled } from '../../domain/begun-writes.ts'
import type { Explanation } from '../../service/runs/explain.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/**
 * `cutter run explain`: answers what a run waits for, who may give it, what happens then, and what would refuse it now. Changes nothing.
 */
export function defineExplain(group: Command): void {
  defineCommand(
    group,
    'explain',
    'explain what a run waits for, who may approve it, what happens then, and what would refuse it',
    'cutter run explain 0f3a9c1d',
  )
    .argument('<run>', RUN)
    .option('--offline', 'ask no target and no host: answer as the run last saw them')
    .action(action(explain))
}

function explain(run: string, options: GlobalOptions & { offline?: boolean }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { explainRun } = await import('../../service/runs/explain.ts')
    const explanation = await explainRun(home, { run, offline: options.offline })
    printAnswer(io, explanation, () => linesOfExplanation(explanation))
    return 0
  })
}

function linesOfExplanation(found: Explanation): string[] {
  const { runId, mode, state, waitsFor, unsettledWrites, upgrade, hold, differences, refusals } = found
  return [
    `run       ${runId}   ${mode}`,
    `state     ${state} since ${waitsFor.since}`,
    `waits     ${describeWait(found)}`,
    ...(waitsFor.expiresAt === null ? [] : [`expires   ${waitsFor.expiresAt}, by a timer of the chart`]),
    ...unsettledWrites.map((write) => `unknown   ${describeUnsettled(write)}`),
    ...(waitsFor.planDigest === null ? [] : [`plan      ${waitsFor.planDigest}`]),
    ...(upgrade === null
      ? []
      : [`upgrades  from version ${upgrade.from} to ${upgrade.to} first, which voids the approvals it has`]),
    ...(hold === null ? [] : [`hold      since ${hold.since} (${hold.reason}, ${hold.by})`]),
    ...linesOfGate(found),
    ...linesOfWorld(found),
    ...differences.map((line) => `differs   ${line}`),
    ...linesOfWay(found),
    ...refusals.flatMap(({ reason, message, next }) => [
      `refuses   ${reason}: ${message}`,
      ...(next === null ? [] : [`          next: ${next.replaceAll('<run>', runId)}`]),
    ]),
  ]
}

function describeWait({ runId, waitsFor, stop, outcome }: Explanation): string {
  if (waitsFor.kind === 'approval') return `for an approval of its plan at gate ${waitsFor.gate}`
  if (waitsFor.kind === 'work')
    return `for no one: it works, or its process ended; cutter run resume ${runId} shows which`
  if (waitsFor.kind === 'nothing') return `for nothing: it is closed, ${outcome}`
  const next = stop?.next === undefined ? '' : `; next: ${stop.next.replaceAll('<run>', runId)}`
  return `for the cause to be fixed and the run to be resumed: ${stop?.code}, ${stop?.message}${next}`
}

function linesOfGate({ mode, runId, policy, approvers, approvals }: Explanation): string[] {
  if (policy === null) return []
  const { need, of, validHours, fourEyes } = policy
  const who = of === null ? 'every principal in allowed_signers' : of.join(', ')
  const rules = `${need} of: ${who}; for ${validHours} h${fourEyes ? '; not the operator of the run' : ''}`
  const rehearsal = `anyone, with a rehearsal approval, which counts in dry runs only: cutter approval rehearse ${runId}`
  return [
    `policy    ${mode === 'live' ? rules : `(in a live run) ${rules}`}`,
    ...(mode === 'live' ? [] : [`may       ${rehearsal}`]),
    ...approvers.map(({ principal, may, why, keys }) => {
      const fingerprints = keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ')
      return may ? `may       ${principal}   ${fingerprints}` : `may not   ${principal}: ${why}`
    }),
    ...approvals.map(
      ({ approvalId, approver, decision, ...judged }) =>
        `approval  ${approvalId} by ${approver} (${decision}) ${describeJudgement(judged)}`,
    ),
  ]
}

function linesOfWorld({ world }: Explanation): string[] {
  if (world === null) return []
  const { how, at, why, isAsPlanned } = world
  if (how === 'looked')
    return [`world     looked at ${at}: ${isAsPlanned ? 'as the plan says' : 'not as the plan says'}`]
  return [`world     as last seen at ${at}${why === null ? '' : `; not looked at now: ${why}`}`]
}

type Judgement = Pick<Explanation['approvals'][number], 'wouldCount' | 'reason' | 'message'>

function describeJudgement({ wouldCount, reason, message }: Judgement): string {
  if (reason === null) return 'would count'
  return wouldCount
    ? `would count, and more are needed: ${message}`
    : `would be refused: ${reason}, ${message}`
}

function linesOfWay({ ifApproved, ifRetried }: Explanation): string[] {
  const way = [...ifApproved, ...ifRetried]
  if (way.length === 0) return []
  const ends = { paused: 'waits there', closed: 'ends there', stopped: 'stops there', working: '' }
  return [
    ifApproved.length > 0 ? 'then      if it is approved now:' : 'then      if it is resumed now:',
    ...way.map(({ state, phase, kind, status }) =>
      `          ${state}  ${phase === null ? ends[status] : `→ ${phase} (${kind ?? 'unknown'})`}`.trimEnd(),
    ),
  ]
}
