import { useEffect, useState } from 'preact/hooks'
import type { Problem } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { problemFrom, useAnswer } from '../client/use-answer.ts'
import { OddSigns, Shown } from '../parts/shown.tsx'
import { Copy, Section, setTitle, Trouble } from '../parts/small.tsx'
import { type Enrolled, enrol } from '../passkey/passkey.ts'
import { rpIdOf } from '../passkey/rp-id.ts'

/** Makes a passkey, and shows the line that the owner of allowed_signers may add. Nothing is written. */
export function Keys() {
  useEffect(() => setTitle('Passkeys'), [])
  const [enrolled, setEnrolled] = useState<Enrolled | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { data, problem: unread } = useAnswer('passkeys', () =>
    getJson<{ rpIds: string[] | null }>('/api/v1/passkeys'),
  )
  const rpId =
    typeof PublicKeyCredential === 'undefined' || data === null ? null : rpIdOf(location.hostname, data.rpIds)
  const make = async (event: Event) => {
    event.preventDefault()
    setProblem(null)
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('principal')).trim()
    await enrol(name, rpId!).then(setEnrolled, (error: unknown) => setProblem(problemFrom(error)))
  }
  return (
    <main id="main">
      <h1>Passkeys</h1>
      <p>
        A passkey signs approvals in the browser: with a fingerprint, a face or a PIN. This page makes one and
        shows its line for <code>allowed_signers</code>. It writes nothing: whoever owns that file decides
        whether the line goes in.
      </p>
      <Trouble problem={unread} />
      {data === null ? null : rpId === null && data.rpIds !== null ? (
        <p class="notice wait">
          This page can’t make passkeys here: the policies take those of {data.rpIds.join(', ')} only.
        </p>
      ) : rpId === null ? (
        <p class="notice wait">
          This page can’t make passkeys here. Open it over https, or as{' '}
          <code>http://localhost{location.port === '' ? '' : `:${location.port}`}/keys</code>.
        </p>
      ) : (
        <Section title="Make a passkey" id="make">
          <form class="stack" onSubmit={make}>
            <label for="principal">Your name in allowed_signers</label>
            <input
              id="principal"
              name="principal"
              required
              autocomplete="off"
              placeholder="you@example.org"
            />
            <button type="submit" class="primary">
              Make a passkey for {rpId}
            </button>
          </form>
          <p class="quiet">It is an ES256 key (P-256), the only kind of passkey that OpenSSH verifies.</p>
          <Trouble problem={problem} />
        </Section>
      )}
      {enrolled !== null && (
        <Section
          title="The line for allowed_signers"
          id="line"
          aside={<Copy text={enrolled.line} label="copy the line" what="line" />}
        >
          <OddSigns text={enrolled.line} />
          <pre tabIndex={0}>
            <Shown text={enrolled.line} />
          </pre>
          <p>
            The policy of a gate must also list <code>{location.origin}</code> among its <code>origins</code>.
            Narrow <code>namespaces</code> to the gates for which you answer, such as{' '}
            <code>cutter.cut.SG1</code>.
          </p>
        </Section>
      )}
    </main>
  )
}
