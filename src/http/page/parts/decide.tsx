import { useEffect, useRef, useState } from 'preact/hooks'
import type { Explanation, GateAhead, ShownRun } from '../client/answers.ts'
import { session } from '../client/api.ts'
import type { Decision, Verdict } from '../client/decision.ts'
import { DecideDialog } from './decide-dialog.tsx'
import { Shown } from './shown.tsx'

interface DecideProps {
  run: ShownRun
  explained: Explanation
  ahead: GateAhead
  path: string
  reload(): void
}

/** Always in reach. Rejecting is as near as approving, and the focus starts there. */
export function DecideBar(props: DecideProps) {
  const { run, reload } = props
  const [decision, setDecision] = useState<Decision | null>(null)
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const reject = useRef<HTMLButtonElement>(null)
  useEffect(() => reject.current?.focus({ preventScroll: true }), [])
  const isLink = session.value?.runId !== null
  const close = () => {
    setDecision(null)
    reject.current?.focus({ preventScroll: true })
  }
  return (
    <section class="decide" aria-label="Decide">
      <div role="status">
        {verdict !== null && (
          <p class={`notice ${verdict.isGood ? 'good' : 'danger'}`}>
            <Shown text={verdict.text} />
          </p>
        )}
      </div>
      {run.gate !== null && isLink && (
        <p class="quiet">This link reads only. To decide, sign in with a token of your own.</p>
      )}
      {run.gate !== null && !isLink && (
        <>
          <button type="button" ref={reject} class="danger" onClick={() => setDecision('reject')}>
            Reject…
          </button>
          <button type="button" class="primary" onClick={() => setDecision('approve')}>
            Approve…
          </button>
          <button type="button" class="print" onClick={() => print()}>
            Print
          </button>
        </>
      )}
      {decision !== null && (
        <DecideDialog
          {...props}
          decision={decision}
          close={close}
          decided={(made) => {
            setVerdict(made)
            close()
            reload()
          }}
        />
      )}
    </section>
  )
}
