import { describeUnsettled } from '../../domain/begun-writes.ts'
import { textInLine } from '../../domain/visible.ts'
import type { Explanation } from '../../service/runs/explain.ts'
import { findReadyApproval } from '../../service/runs/ready-approval.ts'
import { fitLines } from '../fit.ts'
import { glanceOf, withShortCommands } from '../glance.ts'
import type { Line } from '../line.ts'
import { ago, until } from '../relative-time.ts'
import { resumeWith } from '../run-lines.ts'

/** How times and digests are shown, and how wide lines may be. */
interface Fit {
  width: number | null
  /** When something was. */
  past(iso: string): string
  /** When something will be. */
  future(iso: string): string
  digest(text: string): string
}

/** Of what a person reads on a terminal of that width; null: of what is kept or read by a program. */
export function fitOf(width: number | null): Fit {
  const now = new Date()
  if (width === null) return { width, past: same, future: same, digest: same }
  return {
    width,
    past: (iso) => ago(iso, now),
    future: (iso) => until(iso, now),
    digest: (text) => `${text.slice(0, 'sha256:'.length + 12)}…`,
  }
}

const same = (text: string) => text

/** The width of the labels. */
const LABEL = 10

/** An explanation for people. */
export function linesOfExplanation(found: Explanation, fit: Fit): Line[] {
  const [id, state, waits, ...rest] = textOf(found, fit)
  if (fit.width === null) return [id!, state!, waits!, ...rest]
  const { sign, tone } = glanceOf({ ...found, gate: found.waitsFor.gate }, found.hold !== null)
  const lines: Line[] = [
    id!,
    [state!.slice(0, LABEL), { text: `${sign} ${state!.slice(LABEL)}`, style: tone }],
    ...[waits!, ...rest].map(withShortCommands).map(lineWithTone),
  ]
  return fitLines(lines, { width: fit.width, hang: LABEL })
}

const TROUBLE = /^(refuses|differs|unknown) /

const lineWithTone = (line: string): Line =>
  TROUBLE.test(line) ? [{ text: line.slice(0, LABEL), style: 'trouble' }, line.slice(LABEL)] : line

function textOf(found: Explanation, fit: Fit): string[] {
  const { runId, mode, state, waitsFor, unsettledWrites, upgrade, hold, refusals } = found
  return [
    `run       ${runId}   ${mode}`,
    `state     ${state} since ${fit.past(waitsFor.since)}`,
    `waits     ${describeWait(found)}`,
    ...(waitsFor.expiresAt === null
      ? []
      : [`expires   ${fit.future(waitsFor.expiresAt)}, by a timer of the chart`]),
    ...unsettledWrites.map((write) => `unknown   ${describeUnsettled(write)}`),
    ...(waitsFor.planDigest === null ? [] : [`plan      ${fit.digest(waitsFor.planDigest)}`]),
    ...(upgrade === null
      ? []
      : [`upgrades  from version ${upgrade.from} to ${upgrade.to} first, which voids the approvals it has`]),
    ...(hold === null
      ? []
      : [`hold      since ${fit.past(hold.since)} (${textInLine(hold.reason)}, ${textInLine(hold.by)})`]),
    ...linesOfGate(found),
    ...linesOfReady(found),
    ...linesOfWorld(found, fit),
    ...linesOfDifferences(found),
    ...linesOfWay(found),
    ...found.hosts.map((host) => lineOfHost(host, found)),
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
    ...linesOfApprovals(approvals, runId),
  ]
}

/** Approvals that time has passed by: the plan, the arrival or their own end. */
const OLD: (string | null)[] = ['OTHER_ARRIVAL', 'OTHER_PLAN', 'EXPIRED', 'SUPERSEDED', 'REVIEW_USED']

/** Old approvals take one line together, because nobody can do anything about them. */
function linesOfApprovals(approvals: Explanation['approvals'], runId: string): string[] {
  const old = approvals.filter(({ reason, wouldCount }) => !wouldCount && OLD.includes(reason))
  const counts = [...new Set(old.map(({ reason }) => reason))].map(
    (one) => `${old.filter(({ reason }) => reason === one).length} ${one}`,
  )
  const summed = `${old.length} old ${old.length === 1 ? 'approval counts' : 'approvals count'} no more (${counts.join(', ')})`
  return [
    ...approvals
      .filter((one) => !old.includes(one))
      .map(
        ({ approvalId, approver, decision, ...judged }) =>
          `approval  ${approvalId} by ${approver} (${decision}) ${describeJudgement(judged)}`,
      ),
    ...(old.length === 0 ? [] : [`old       ${summed}: cutter approval list ${runId}`]),
  ]
}

function linesOfReady(found: Explanation): string[] {
  const ready = findReadyApproval(found)
  return ready === null ? [] : [`next      ${resumeWith(found.runId, ready)}`]
}

const linesOfWorld = ({ world }: Explanation, fit: Fit) =>
  world === null ? [] : [`world     ${describeWorld(world, fit)}`]

/** Whether the world was looked at, and whether it is as the plan says. */
export function describeWorld(
  { how, at, why, isAsPlanned }: NonNullable<Explanation['world']>,
  { past }: Pick<Fit, 'past'>,
): string {
  if (how === 'looked')
    return `looked at ${past(at)}: ${isAsPlanned ? 'as the plan says' : 'not as the plan says'}`
  return `as last seen ${past(at)}${why === null ? '' : `; not looked at now: ${why}`}`
}

/** What changed since an earlier plan is part of the plan of now, and no trouble. */
function linesOfDifferences({ runId, differences, differsFrom }: Explanation): string[] {
  if (differsFrom !== 'earlier-plan') return differences.map((line) => `differs   ${line}`)
  return [
    `moved     since the plan before this one, whose approvals count no more; next: cutter run plan ${runId}`,
    ...differences.map((line) => `          ${line}`),
  ]
}

type Judgement = Pick<Explanation['approvals'][number], 'wouldCount' | 'reason' | 'message'>

function describeJudgement({ wouldCount, reason, message }: Judgement): string {
  if (reason === null) return 'would count'
  return wouldCount
    ? `would count, and more are needed: ${message}`
    : `would be refused: ${reason}, ${message}`
}

/** Where one of several hosts stands, and what comes for it. */
function lineOfHost({ host, state, why, ahead }: Explanation['hosts'][number], { status }: Explanation) {
  const stands = `${textInLine(host)} ${textInLine(state)}${why === null ? '' : ` (${textInLine(why)})`}`
  if (ahead.length > 0) return `host      ${stands}; then ${ahead.join(', ')}`
  return `host      ${stands}${status === 'working' ? '' : '; nothing more comes'}`
}

function linesOfWay({ ifApproved, ifRetried, world }: Explanation): string[] {
  const way = [...ifApproved, ...ifRetried]
  if (way.length === 0) return []
  const waits = world?.isAsPlanned === false ? 'waits there again, with the approval unused' : 'waits there'
  const ends = { paused: waits, closed: 'ends there', stopped: 'stops there', working: '' }
  return [
    ifApproved.length > 0 ? 'then      if it is approved now:' : 'then      if it is resumed now:',
    ...way.map(({ state, phase, kind, status }) =>
      `          ${state}  ${phase === null ? ends[status] : `→ ${phase} (${kind ?? 'unknown'})`}`.trimEnd(),
    ),
  ]
}
