import { useEffect, useRef, useState } from 'preact/hooks'
import type { Explanation, GateAhead, ImportedApproval, Problem, ShownRun } from '../client/answers.ts'
import { postForText, postJson, session } from '../client/api.ts'
import type { Decision, Verdict } from '../client/decision.ts'
import { problemFrom } from '../client/use-answer.ts'
import { Finality } from './ahead.tsx'
import { Sign, settle } from './sign.tsx'
import { Trouble } from './small.tsx'

const AS = 'cutter-as'

interface DialogProps {
  run: ShownRun
  explained: Explanation
  ahead: GateAhead
  path: string
  decision: Decision
  close(): void
  decided(verdict: Verdict): void
}

/** First who decides and why, then the exact statement, then the signature. Escape leaves it, and decides nothing. */
export function DecideDialog(props: DialogProps) {
  const { run, explained, ahead, path, decision, close, decided } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const first = useRef<HTMLTextAreaElement>(null)
  const names = explained.approvers.filter(({ may }) => may).map(({ principal }) => principal)
  const kept = localStorage.getItem(AS) ?? ''
  const [as, setAs] = useState(names.includes(kept) ? kept : (names[0] ?? ''))
  const [reason, setReason] = useState('')
  const [statement, setStatement] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    dialog.current?.showModal()
    first.current?.focus()
  }, [])
  const isRehearsal = run.mode === 'dry-run' && session.value?.role !== 'viewer'
  const attempt = async (work: () => Promise<void>) => {
    setProblem(null)
    await work().catch((error: unknown) => setProblem(problemFrom(error)))
  }
  const compose = (event: Event) => {
    event.preventDefault()
    return attempt(async () => {
      localStorage.setItem(AS, as)
      setStatement(await postForText(`${path}/statement`, { as, decision, reason }))
    })
  }
  const rehearse = () =>
    attempt(async () => {
      const body = { as: 'rehearsal', decision, reason }
      const made = await postJson<ImportedApproval>(`${path}/rehearsals`, body)
      decided(await settle(path, { ...made, warning: null }))
    })
  const isMissingReason = decision === 'reject' && reason.trim() === ''
  return (
    <dialog ref={dialog} class="wide" aria-labelledby="decide-title" onClose={close}>
      <h2 id="decide-title">
        {decision === 'approve' ? 'Approve' : 'Reject'} the plan at gate {run.gate}
      </h2>
      {decision === 'approve' && <Finality ahead={ahead} run={run} />}
      <form class="stack" onSubmit={compose}>
        <label for="decide-reason">Reason{decision === 'reject' ? '' : ' (may be empty)'}</label>
        <textarea
          id="decide-reason"
          ref={first}
          maxLength={1_000}
          value={reason}
          required={decision === 'reject'}
          onInput={(event) => {
            setReason(event.currentTarget.value)
            setStatement(null)
          }}
        />
        <label for="decide-as">Who decides, as listed in allowed_signers</label>
        <input
          id="decide-as"
          list="approvers"
          value={as}
          required={!isRehearsal}
          autocomplete="off"
          onInput={(event) => {
            setAs(event.currentTarget.value)
            setStatement(null)
          }}
        />
        <datalist id="approvers">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div class="inline buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Back
          </button>
          <button
            type="submit"
            class={statement === null ? 'primary' : ''}
            disabled={isMissingReason || as === ''}
          >
            Show what is signed
          </button>
          {isRehearsal && (
            <button type="button" disabled={isMissingReason} onClick={rehearse}>
              {decision === 'approve' ? 'Approve' : 'Reject'} as a rehearsal
            </button>
          )}
        </div>
        {isRehearsal && <p class="quiet">A rehearsal is unsigned and counts in dry runs only.</p>}
      </form>
      <Trouble problem={problem} />
      {statement !== null && (
        <Sign
          path={path}
          statement={statement}
          as={as}
          decision={decision}
          run={run}
          ahead={ahead}
          decided={decided}
        />
      )}
    </dialog>
  )
}
