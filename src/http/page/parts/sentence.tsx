import type { Explanation, ShownRun } from '../client/answers.ts'
import { phaseWords } from '../client/phase-words.ts'
import { Advice } from './advice.tsx'
import { Shown } from './shown.tsx'
import { Code, Time, words } from './small.tsx'

/** Decisions as what people did. */
const DECIDED: { [decision: string]: string } = {
  approve: 'approved',
  reject: 'rejected',
  void: 'voided',
  abandon: 'abandoned',
}

/** One sentence on what a run is at: state, since when, what it waits for, what comes next. */
export function Sentence({ run, explained }: { run: ShownRun; explained: Explanation }) {
  const { waitsFor, stop, hold, policy, approvals, ifApproved, ifRetried, refusals } = explained
  const ahead = ifApproved.length > 0 ? ifApproved : ifRetried
  const next = ahead.flatMap(({ phase }) => (phase === null ? [] : [phaseWords(run.machine, phase)]))
  const counting = new Set(
    approvals
      .filter(({ wouldCount, decision }) => wouldCount && decision === 'approve')
      .map(({ approver }) => approver),
  )
  const missing = Math.max(0, (policy?.need ?? 1) - counting.size)
  return (
    <div class={`sentence is-${run.status}`}>
      <p class="lead">
        {run.status === 'closed' && (
          <>
            Closed as <strong>{run.outcome}</strong> <Time iso={run.updatedAt} />, in state {words(run.state)}
            ; {run.closeout === 'signed' ? 'the closeout is signed.' : 'the closeout is not signed.'}
          </>
        )}
        {run.status === 'working' && (
          <>
            At work, as of <Time iso={waitsFor.since} />: Cutter{' '}
            <strong>
              {run.phase === null ? `has come to ${words(run.state)}` : phaseWords(run.machine, run.phase)}
            </strong>
            .{run.phase !== null && <Code name={run.phase} />}
          </>
        )}
        {run.status === 'paused' && missing > 0 && (
          <>
            Waits for <strong>{missing} more</strong> {missing === 1 ? 'approval' : 'approvals'} at gate{' '}
            <strong>{run.gate}</strong>; it came there <Time iso={waitsFor.since} />.
          </>
        )}
        {run.status === 'paused' && missing === 0 && (
          <>
            <strong>Has every approval</strong> that gate <strong>{run.gate}</strong> needs, and waits for an
            operator to resume it; it came there <Time iso={waitsFor.since} />.
          </>
        )}
        {run.status === 'stopped' && (
          <>
            Stopped <Time iso={waitsFor.since} />, in state {words(run.state)}
            {stop === null ? (
              '.'
            ) : (
              <>
                :{' '}
                <strong>
                  <Shown text={stop.message} />
                </strong>
                . <Code name={stop.code} />
              </>
            )}
          </>
        )}
      </p>
      {/* A run that resuming does not help has nothing ahead. */}
      {next.length > 0 && (run.status !== 'stopped' || explained.afterStop === 'resume') && (
        <p>
          {run.status === 'paused' && missing > 0 ? 'After a yes Cutter' : 'When it is resumed, Cutter'}{' '}
          {next.join('; ')}.
        </p>
      )}
      {stop?.next !== undefined && <Advice text={stop.next} lead="Next" />}
      {hold && (
        <p class="notice wait">
          A hold is on: <Shown text={hold.reason} /> (by <Shown text={hold.by} />, <Time iso={hold.since} />)
        </p>
      )}
      {run.status !== 'closed' && refusals.length > 0 && (
        <details>
          <summary>
            {refusals.length} {refusals.length === 1 ? 'thing stands' : 'things stand'} in the way now
          </summary>
          <ul>
            {refusals.map(({ reason, message }) => (
              <li key={`${reason} ${message}`}>
                <Shown text={message} /> <Code name={reason} />
              </li>
            ))}
          </ul>
        </details>
      )}
      {run.decisions.map(({ gate, decision, approvers, usedSeq, usedAt }) => (
        <p key={usedSeq} class="facts">
          gate {gate}: {DECIDED[decision] ?? decision} by {approvers.map(({ name }) => name).join(' and ')}{' '}
          <Time iso={usedAt} /> (<a href={`#e-${usedSeq}`}>entry {usedSeq}</a>)
        </p>
      ))}
    </div>
  )
}
