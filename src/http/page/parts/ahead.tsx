import type { Explanation, GateAhead, Run } from '../client/answers.ts'
import { isExplained, phaseWords } from '../client/phase-words.ts'
import { Shown } from './shown.tsx'
import { Section, words } from './small.tsx'

/** What can't be taken back, in words for whoever decides. */
export function Finality({ ahead, run }: { ahead: GateAhead; run: Run }) {
  if (!ahead.isFinal) return null
  const phases = ahead.steps.flatMap(({ isFinal, phase }) => (isFinal && phase !== null ? [phase] : []))
  return (
    <p class="notice danger">
      <strong>This can’t be taken back.</strong> After a yes Cutter{' '}
      {phases.map((phase) => phaseWords(run.machine, phase)).join(', then ')}: <Shown text={run.about} />. No
      button undoes it: a later decision can only change what comes after it.
    </p>
  )
}

/** What happens after a yes, step by step; what can't be taken back is marked. */
export function Ahead({ ahead, run }: { ahead: GateAhead; run: Run }) {
  return (
    <Section title="What happens after a yes" id="ahead">
      <Finality ahead={ahead} run={run} />
      {run.mode === 'dry-run' && (
        <p class="notice">This is a dry run: writes are tried on a copy, and the target stays as it is.</p>
      )}
      <ol class="steps">
        {ahead.steps.map(({ state, phase, kind, wayBack, isFinal }, at) => (
          <li key={`${state} ${phase} ${at}`} class={isFinal ? 'is-final' : ''}>
            <strong>{phase === null ? words(state) : phaseWords(run.machine, phase)}</strong>{' '}
            <span class="quiet">
              {phase !== null && isExplained(run.machine, phase) && <code>{phase}</code>}{' '}
              {kind === 'read' && 'reads only'}
              {kind === 'write' && (run.mode === 'live' ? 'writes' : 'writes to a copy')}
              {kind === null && 'the run comes here'}
            </span>
            {isFinal && <span class="badge status-stopped">can’t be taken back</span>}
            {kind === 'write' && wayBack !== null && run.mode === 'live' && (
              <p class="facts">
                can be taken back: <Shown text={wayBack} />
              </p>
            )}
          </li>
        ))}
      </ol>
      <p class="quiet">
        Before the first write the world is checked again. If it no longer fits the plan, nothing is written.
      </p>
    </Section>
  )
}

/** Who may decide, who did, and why others may not. */
export function People({ explained }: { explained: Explanation }) {
  const { approvers, policy, approvals } = explained
  return (
    <Section title="Who may approve" id="people">
      {policy !== null && (
        <p>
          {policy.need === 1 ? 'One person' : `${policy.need} people`}
          {policy.of !== null && <> of {policy.of.join(', ')}</>}
          {policy.fourEyes &&
            (policy.need === 1 ? ', who does not operate this run' : ', none of whom operates this run')}
          . An approval counts for {policy.validHours} hours at most.
        </p>
      )}
      {approvers.length === 0 ? (
        <p class="quiet">No signer is listed in allowed_signers.</p>
      ) : (
        <ul class="people">
          {approvers.map(({ principal, may, why, keys }) => (
            <li key={principal}>
              <strong>
                <Shown text={principal} />
              </strong>{' '}
              <span class={may ? 'badge status-closed' : 'badge'}>{may ? 'may approve' : 'may not'}</span>{' '}
              <span class="quiet">
                <Shown text={why} />
                {may && `; ${keys.map(({ type }) => type.replace('@openssh.com', '')).join(', ')}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {approvals.length > 0 && (
        <>
          <h3>Signed so far</h3>
          <ul class="people">
            {approvals.map(({ approvalId, approver, decision, wouldCount, message }) => (
              <li key={approvalId}>
                <strong>
                  <Shown text={approver} />
                </strong>
                : {decision}{' '}
                <span class={wouldCount ? 'badge status-closed' : 'badge status-stopped'}>
                  {wouldCount ? 'counts' : 'does not count'}
                </span>{' '}
                {message !== null && (
                  <span class="quiet">
                    <Shown text={message} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  )
}
