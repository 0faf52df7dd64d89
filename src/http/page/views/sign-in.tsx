import { useEffect, useRef, useState } from 'preact/hooks'
import type { Problem } from '../client/answers.ts'
import { signIn } from '../client/api.ts'
import { problemFrom } from '../client/use-answer.ts'
import { setTitle, Trouble } from '../parts/small.tsx'

/** Asks for a token once. The browser then has a session that no script reads. */
export function SignIn() {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isBusy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    setTitle('Sign in')
    field.current?.focus()
  }, [])
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    await signIn({ token: field.current!.value.trim() }).catch((error: unknown) =>
      setProblem(problemFrom(error)),
    )
    setBusy(false)
  }
  return (
    <main class="narrow" id="main">
      <h1>Sign in</h1>
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
        <Trouble problem={problem} />
      </form>
      <p class="quiet">
        An admin makes a token with <code>cutter token create --role viewer --name you</code>.
      </p>
    </main>
  )
}
