import type { Explanation, ShownRun } from '../client/answers.ts'
import { Shown } from './shown.tsx'
import { Time, words } from './small.tsx'

/** One sentence on what a run is at: state, since when, what it waits for, what comes next. */
export function Sentence({ run, explained }: { run: ShownRun; explained: Explanation }) {
  const { waitsFor, stop, hold, policy, approvals, ifApproved, ifRetried, refusals } = explained
  const ahead = ifApproved.length > 0 ? ifApproved : ifRetried
  const next = ahead.map(({ phase }) => phase).filter((phase) => phase !== null)
  const counting = new Set(
    approvals
      .filter(({ wouldCount, decision }) => wouldCount && decision === 'approve')
      .map(({ approver }) => approver),
  )
  return (
    <div class={`sentence is-${run.status}`}>
      <p class="lead">
        {run.status === 'closed' && (
          <>
            Closed as <strong>{run.outcome}</strong> in {words(run.state)} <Time iso={run.updatedAt} />;{' '}
            {run.closeout === 'signed' ? 'the closeout is signed.' : 'the closeout is not signed.'}
          </>
        )}
        {run.status === 'working' && (
          <>
            Works on <strong>{run.phase ?? words(run.state)}</strong>, as of <Time iso={waitsFor.since} />.
          </>
        )}
        {run.status === 'paused' && (
          <>
            Waits for <strong>{Math.max(0, (policy?.need ?? 1) - counting.size)} more</strong>{' '}
            {(policy?.need ?? 1) - counting.size === 1 ? 'approval' : 'approvals'} at gate{' '}
            <strong>{run.gate}</strong>; it came there <Time iso={waitsFor.since} />.
          </>
        )}
        {run.status === 'stopped' && (
          <>
            Stopped in {words(run.state)} <Time iso={waitsFor.since} />: <strong>{stop?.code}</strong>.{' '}
            {stop !== null && <Shown text={stop.message} />}
          </>
        )}
      </p>
      {next.length > 0 && (
        <p>
          {run.status === 'paused' ? 'After a yes' : 'When it is resumed'}: {next.join(', ')}.
        </p>
      )}
      {stop?.next !== undefined && (
        <p>
          Next: <Shown text={stop.next} />
        </p>
      )}
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
                <code>{reason}</code>: <Shown text={message} />
              </li>
            ))}
          </ul>
        </details>
      )}
      {run.decisions.map(({ gate, decision, approvers, usedSeq, usedAt }) => (
        <p key={usedSeq} class="facts">
          gate {gate}: {decision} by {approvers.map(({ name }) => name).join(' and ')} <Time iso={usedAt} /> (
          <a href={`#e-${usedSeq}`}>entry {usedSeq}</a>)
        </p>
      ))}
    </div>
  )
}
