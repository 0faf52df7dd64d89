import { useEffect, useRef, useState } from 'preact/hooks'
import type { Execution, HoldAnswer, Problem, Session } from '../client/answers.ts'
import { getJson, postJson } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { now, relative, tick } from '../client/time.ts'
import { problemFrom, useAnswer } from '../client/use-answer.ts'
import { Shown } from './shown.tsx'
import { Time, Trouble } from './small.tsx'

const readBoth = async () => {
  const [hold, execution] = await Promise.all([
    getJson<HoldAnswer>('/api/v1/hold'),
    getJson<Execution>('/api/v1/execution'),
  ])
  return { hold, execution }
}

/** The hold and the execution switch, seen by all on every view, with who set them and why. */
export function Switches({ role }: Pick<Session, 'role'>) {
  // Neither is an entry of a run, so they are read again every ten seconds too.
  const { data, reload } = useAnswer('switches', readBoth, `${newest.value} ${tick()}`)
  const [isOpen, setOpen] = useState(false)
  if (data === null) return null
  const { hold, execution } = data
  const allows = execution.enabled && execution.allowLive
  return (
    <>
      <button
        type="button"
        class={`small switch ${hold.on ? 'is-held' : allows ? 'is-live' : ''}`}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {hold.on ? 'Hold is on' : allows ? 'Live writes allowed' : 'Live writes off'}
        {!hold.on && allows && execution.until !== null && (
          <span class="quiet">: {relative(execution.until, now.value).replace(/^in /, '')} left</span>
        )}
        {(hold.on || allows) && <Why {...(hold.on ? hold : execution)} />}
      </button>
      {isOpen && (
        <Dialog hold={hold} execution={execution} role={role} close={() => setOpen(false)} reload={reload} />
      )}
    </>
  )
}

/** Who switched, and why; the dialog has all of a long reason. */
function Why({ reason, by }: { reason: string | null; by: string | null }) {
  if (reason === null) return null
  return (
    <span class="why">
      <Shown text={`${by ?? ''}: ${reason}`} />
    </span>
  )
}

interface DialogProps extends Pick<Session, 'role'> {
  hold: HoldAnswer
  execution: Execution
  close(): void
  reload(): void
}

function Dialog({ hold, execution, role, close, reload }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [reason, setReason] = useState('')
  useEffect(() => dialog.current?.showModal(), [])
  const post = async (path: string, more: object = {}) => {
    setProblem(null)
    try {
      await postJson(`/api/v1/${path}`, { reason, ...more })
      setReason('')
      reload()
    } catch (error) {
      setProblem(problemFrom(error))
    }
  }
  const isAdmin = role === 'admin'
  return (
    <dialog ref={dialog} aria-labelledby="switches-title" onClose={close}>
      <h2 id="switches-title">Hold and live writes</h2>
      <p>
        <strong>Hold: {hold.on ? 'on' : 'off'}.</strong>{' '}
        {hold.on && hold.reason !== null && hold.since !== null ? (
          <>
            <Shown text={hold.reason} /> (by <Shown text={hold.by ?? ''} />, <Time iso={hold.since} />)
          </>
        ) : (
          'While it is on, nothing starts and nothing continues.'
        )}
      </p>
      <p>
        <strong>Live writes: {execution.enabled ? 'allowed' : 'off'}.</strong>{' '}
        {execution.enabled && execution.until !== null && (
          <>
            Off again <Time iso={execution.until} />.{' '}
          </>
        )}
        {execution.reason !== null && (
          <>
            <Shown text={execution.reason} /> (by <Shown text={execution.by ?? ''} />)
          </>
        )}
        {!execution.allowLive && ' cutter.yaml does not allow live writes.'}
      </p>
      <label for="switch-reason">Reason</label>
      <input
        id="switch-reason"
        value={reason}
        maxLength={1_000}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <div class="inline buttons">
        <button type="button" class="danger" disabled={reason === ''} onClick={() => post('hold/on')}>
          Hold everything
        </button>
        {hold.on && isAdmin && (
          <button type="button" disabled={reason === ''} onClick={() => post('hold/off')}>
            Switch the hold off
          </button>
        )}
        {execution.enabled && (
          <button type="button" disabled={reason === ''} onClick={() => post('execution/disable')}>
            Switch live writes off
          </button>
        )}
        {!execution.enabled && isAdmin && (
          <button
            type="button"
            disabled={reason === ''}
            onClick={() => post('execution/enable', { for: '1h' })}
          >
            Allow live writes for an hour
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <p class="quiet">
        Everyone may hold and switch live writes off. {isAdmin ? '' : 'An admin releases.'} Each takes a
        reason.
      </p>
      <Trouble problem={problem} />
    </dialog>
  )
}
