import { useEffect, useRef, useState } from 'preact/hooks'
import type { GateAhead, ImportedApproval, Problem, Run } from '../client/answers.ts'
import { ApiError, postJson, saveFile, session } from '../client/api.ts'
import type { Decision, Verdict } from '../client/decision.ts'
import { problemFrom } from '../client/use-answer.ts'
import { signStatement } from '../passkey/passkey.ts'
import { rpIdOf } from '../passkey/rp-id.ts'
import { Finality } from './ahead.tsx'
import { OddSigns, Shown } from './shown.tsx'
import { Copy, Trouble, words } from './small.tsx'

/** Brings a kept approval to the run when the caller may move it, and says what happened. */
export async function settle(path: string, kept: ImportedApproval): Promise<Verdict> {
  const id = kept.approvalId.slice(0, 11)
  if (kept.warning !== null) {
    const isGood = kept.warning.reason === 'NOT_ENOUGH_APPROVERS'
    const start = isGood ? `Kept (${id}…), and it counts.` : `Kept (${id}…), but it does not count now.`
    return { isGood, text: `${start} ${kept.warning.message}` }
  }
  if (session.value?.role === 'viewer')
    return { isGood: true, text: `Kept (${id}…), and it counts. An operator resumes the run with it.` }
  try {
    const run = await postJson<Run>(`${path}/resume?wait=30`, { approval: kept.approvalId })
    return { isGood: run.status !== 'stopped', text: outcomeOf(run) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { reason, code, detail, next = '' } = error.problem
    return { isGood: false, text: `Kept (${id}…), but ${reason ?? code}: ${detail}. ${next}`.trim() }
  }
}

function outcomeOf(run: Run): string {
  if (run.status === 'closed') return `The run closed: ${run.outcome}.`
  if (run.status === 'paused') return `The run went on and waits at gate ${run.gate} now.`
  if (run.status === 'stopped') return `The run stopped: ${run.stop?.message ?? run.stopCode}`
  return `The run works on ${run.phase ?? words(run.state)} now.`
}

interface SignProps {
  path: string
  statement: string
  as: string
  decision: Decision
  run: Run
  ahead: GateAhead
  decided(verdict: Verdict): void
}

/** The exact statement, and the ways to sign it: a passkey here, or a key elsewhere. */
export function Sign({ path, statement, as, decision, run, ahead, decided }: SignProps) {
  const { passkeys } = ahead
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isBusy, setBusy] = useState(false)
  const { machine, gate } = JSON.parse(statement) as { machine: string; gate: string }
  const namespace = `cutter.${machine}.${gate}`
  const hindrance = hindranceOf(passkeys)
  const section = useRef<HTMLElement>(null)
  useEffect(() => section.current?.scrollIntoView({ block: 'start' }), [])
  const bring = async (sign: () => Promise<string>) => {
    setBusy(true)
    setProblem(null)
    try {
      const signature = await sign()
      decided(await settle(path, await postJson('/api/v1/approvals', { statement, signature })))
    } catch (error) {
      setProblem(problemFrom(error))
    }
    setBusy(false)
  }
  const byPasskey = () =>
    bring(() =>
      signStatement({
        statement,
        namespace,
        principal: as,
        rpId: rpIdOf(location.hostname, passkeys!.rpIds)!,
        listed: passkeys!.keys.filter(({ principal }) => principal === as).map(({ publicKey }) => publicKey),
      }),
    )
  const paste = (event: Event) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget as HTMLFormElement).get('signature')
    return bring(async () => `${String(given).trim()}\n`)
  }
  const command = `ssh-keygen -Y sign -f <your key> -n ${namespace} statement.json`
  return (
    <section ref={section} aria-labelledby="sign-title">
      <h3 id="sign-title">These exact bytes are signed</h3>
      <OddSigns text={statement} />
      <pre tabIndex={0} class="statement">
        <Shown text={statement} lines />
      </pre>
      <p class="facts">
        namespace <code>{namespace}</code>, hash SHA-512
      </p>
      {/* In sight wherever a small window has scrolled, with what can't be taken back. */}
      <div class="sign-bar">
        {decision === 'approve' && <Finality ahead={ahead} run={run} />}
        <Trouble problem={problem} />
        {hindrance === null ? (
          <button
            type="button"
            class={decision === 'approve' ? 'primary' : 'danger'}
            disabled={isBusy}
            onClick={byPasskey}
          >
            {decision === 'approve' ? 'Approve' : 'Reject'} with a passkey
          </button>
        ) : (
          <p class="notice">A passkey can’t sign here: {hindrance}</p>
        )}
      </div>
      <details>
        <summary>Sign with a key elsewhere</summary>
        <ol class="steps">
          <li>
            <button
              type="button"
              onClick={() => saveFile('statement.json', new Blob([statement], { type: 'application/json' }))}
            >
              Save statement.json
            </button>
          </li>
          <li>
            <Copy text={command} label={command} what="command" />
          </li>
          <li>
            <form class="stack" onSubmit={paste}>
              <label for="signature">Paste statement.json.sig</label>
              <textarea
                id="signature"
                name="signature"
                required
                spellcheck={false}
                placeholder="-----BEGIN SSH SIGNATURE-----"
              />
              <button type="submit" disabled={isBusy}>
                Bring this signature
              </button>
            </form>
          </li>
        </ol>
      </details>
    </section>
  )
}

/** Why no passkey can sign on this page; null when one can. */
function hindranceOf(passkeys: GateAhead['passkeys']): string | null {
  if (typeof PublicKeyCredential === 'undefined')
    return 'this browser has no passkeys, or the page was not loaded over https or from localhost.'
  const { origins = [], rpIds = null } = passkeys ?? {}
  if (rpIdOf(location.hostname, rpIds) === null)
    return rpIds === null
      ? `passkeys need a name, not an address. Open the page as ${localhostOf()}.`
      : `the policy of this gate takes passkeys of ${rpIds.join(', ')} only.`
  if (!origins.includes(location.origin))
    return `the policy of this gate does not list ${location.origin} among its origins.`
  return null
}

const localhostOf = () =>
  `http://localhost${location.port === '' ? '' : `:${location.port}`}${location.pathname}`
