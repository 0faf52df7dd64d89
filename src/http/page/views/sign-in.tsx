import { useEffect, useRef, useState } from 'preact/hooks'
import type { Problem } from '../client/answers.ts'
import { endedWhy, postForText, signIn } from '../client/api.ts'
import { problemFrom } from '../client/use-answer.ts'
import { Shown } from '../parts/shown.tsx'
import { setTitle, Trouble } from '../parts/small.tsx'
import { knownHere, signStatement } from '../passkey/passkey.ts'

/** A refused token without what a program would do next. The page itself asks for another token, and says who makes one. */
function withoutNext({ next, ...problem }: Problem): Problem {
  return problem.code === 'TOKEN_REFUSED' || next === undefined ? problem : { ...problem, next }
}

/** Asks for a token once, or for a passkey. The browser then has a session that no script reads. */
export function SignIn() {
  const [problem, setProblem] = useState<Problem | null>(endedWhy.value)
  const [isBusy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    setTitle('Sign in')
    field.current?.focus()
  }, [])
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    await work().catch((error: unknown) => setProblem(problemFrom(error)))
    setBusy(false)
  }
  const submit = (event: Event) => {
    event.preventDefault()
    return attempt(() => signIn({ token: field.current!.value.trim() }))
  }
  const known = typeof PublicKeyCredential === 'undefined' ? [] : knownHere(location.hostname)
  const byPasskey = ({ principal, rpId }: (typeof known)[number]) =>
    attempt(async () => {
      const statement = await postForText('/api/v1/session/statement', { principal })
      const signed = { statement, namespace: 'cutter.sign-in', principal, rpId, listed: [] }
      await signIn({ passkey: { statement, signature: await signStatement(signed) } })
    })
  return (
    <main class="narrow" id="main">
      <h1>Sign in</h1>
      {endedWhy.value !== null && <p class="lead">Your session ended.</p>}
      <p>
        Paste your token. The browser keeps a session instead of it, for twelve hours at most. Signing in
        approves nothing: each approval is a signature of its own.
      </p>
      <form class="card stack" onSubmit={submit}>
        <label for="token">Token</label>
        <input id="token" ref={field} type="password" autocomplete="off" required placeholder="ctk_…" />
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
        <Trouble problem={problem && withoutNext(problem)} />
      </form>
      {known.length > 0 && (
        <section class="card stack" aria-labelledby="by-passkey">
          <h2 id="by-passkey">Or by a passkey of this browser</h2>
          <p class="quiet">It lets you look. Each approval takes a signature of its own.</p>
          {known.map((one) => (
            <button key={one.principal} type="button" disabled={isBusy} onClick={() => byPasskey(one)}>
              Sign in as <Shown text={one.principal} />
            </button>
          ))}
        </section>
      )}
      <p class="quiet">
        An admin makes a token in the home of this service:{' '}
        <code>cutter token create --home &lt;that folder&gt; --role viewer --name you</code>.
      </p>
    </main>
  )
}
