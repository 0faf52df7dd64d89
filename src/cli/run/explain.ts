import { type Explanation, explain } from '../../engine/explain.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

/** `run explain`: JSON is the Explanation itself. */
export function runExplain(text: string, options: CommonOptions) {
  return command(options, async ({ app, io, runId }) => {
    const id = await runId(text)
    const explanation = await explain((await app()).parts, id)
    answer(io, explanation, () => linesOf(explanation))
    return 0
  })
}

function linesOf(found: Explanation): string[] {
  const { runId, mode, state, waitsFor, upgrade, hold, differences, refusals } = found
  return [
    `run       ${runId}   ${mode}`,
    `state     ${state} since ${waitsFor.since}`,
    `waits     ${waiting(found)}`,
    ...(waitsFor.planDigest === null ? [] : [`plan      ${waitsFor.planDigest}`]),
    ...(upgrade === null
      ? []
      : [`upgrades  from version ${upgrade.from} to ${upgrade.to} first, which voids the approvals it has`]),
    ...(hold === null ? [] : [`hold      since ${hold.since} (${hold.reason}, ${hold.by})`]),
    ...linesOfGate(found),
    ...differences.map((line) => `differs   ${line}`),
    ...linesOfWay(found),
    ...refusals.flatMap(({ reason, message, next }) => [
      `refuses   ${reason}: ${message}`,
      ...(next === null ? [] : [`          next: ${next.replaceAll('<run>', runId)}`]),
    ]),
  ]
}

function waiting({ runId, waitsFor, stop, outcome }: Explanation): string {
  if (waitsFor.kind === 'approval') return `for an approval of its plan at gate ${waitsFor.gate}`
  if (waitsFor.kind === 'work')
    return `for nobody: it works, or its process ended; cutter run resume ${runId} settles which`
  if (waitsFor.kind === 'nothing') return `for nothing: it is closed, ${outcome}`
  const next = stop?.next === undefined ? '' : `; next: ${stop.next.replaceAll('<run>', runId)}`
  return `for somebody to mend the cause and resume it: ${stop?.code}, ${stop?.message}${next}`
}

function linesOfGate({ mode, runId, policy, approvers, approvals }: Explanation): string[] {
  if (policy === null) return []
  const { need, of, validHours, fourEyes } = policy
  const who = of === null ? 'whoever allowed_signers admits' : of.join(', ')
  const rules = `${need} of: ${who}; for ${validHours} h${fourEyes ? '; nobody who operates the run' : ''}`
  const rehearsal = `anybody, by a rehearsal that counts in dry runs only: cutter approval rehearse ${runId}`
  return [
    `policy    ${mode === 'live' ? rules : `(in a live run) ${rules}`}`,
    ...(mode === 'live' ? [] : [`may       ${rehearsal}`]),
    ...approvers.map(({ principal, may, why, keys }) => {
      const fingerprints = keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ')
      return may ? `may       ${principal}   ${fingerprints}` : `may not   ${principal}: ${why}`
    }),
    ...approvals.map(
      ({ approvalId, approver, decision, wouldCount, reason, message }) =>
        `approval  ${approvalId} by ${approver} (${decision}) ${wouldCount ? 'would count' : 'would be refused'}${reason === null ? '' : `: ${reason}, ${message}`}`,
    ),
  ]
}

function linesOfWay({ ifApproved, ifRetried }: Explanation): string[] {
  const way = [...ifApproved, ...ifRetried]
  if (way.length === 0) return []
  const ends = { paused: 'waits there', closed: 'ends there', stopped: 'stops there', working: '' }
  return [
    ifApproved.length > 0
      ? 'then      if it is approved as things are:'
      : 'then      if it is resumed as things are:',
    ...way.map(({ state, phase, kind, status }) =>
      `          ${state}  ${phase === null ? ends[status] : `→ ${phase} (${kind ?? 'unknown'})`}`.trimEnd(),
    ),
  ]
}
