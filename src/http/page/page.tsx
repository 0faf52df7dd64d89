import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Problem } from './client/answers.ts'
import { readSession, session, signIn } from './client/api.ts'
import { isHelpOpen, listenToKeys } from './client/keyboard.ts'
import { followAll } from './client/live.ts'
import { address, followLinks, go } from './client/router.ts'
import { problemFrom } from './client/use-answer.ts'
import { Header } from './parts/header.tsx'
import { Help } from './parts/help.tsx'
import { Loading, Trouble } from './parts/small.tsx'
import { Documents } from './views/documents.tsx'
import { GateView } from './views/gate.tsx'
import { Inbox } from './views/inbox.tsx'
import { Keys } from './views/keys.tsx'
import { RunView } from './views/run.tsx'
import { Runs } from './views/runs.tsx'
import { SignIn } from './views/sign-in.tsx'

/** The view of an address. */
function View() {
  const { path } = address.value
  if (path === '/' || path === '/sign-in') return <Inbox />
  if (path === '/runs') return <Runs />
  if (path === '/documents') return <Documents />
  if (path === '/keys') return <Keys />
  const [, id, part] = /^\/runs\/([^/]+)(?:\/(gate))?$/.exec(path) ?? []
  if (id !== undefined && part === undefined) return <RunView key={id} id={decodeURIComponent(id)} />
  if (id !== undefined) return <GateView key={id} id={decodeURIComponent(id)} />
  return (
    <main id="main">
      <h1>Nothing is here</h1>
      <p>
        There is no view at <code>{path}</code>. <a href="/">Open the inbox</a>.
      </p>
    </main>
  )
}

/**
 * Takes a token or code from the part of a link that browsers send nowhere, and removes it from the address.
 * @returns null when the link has none
 */
function takeFromLink(): { token: string } | { code: string } | null {
  const given = new URLSearchParams(location.hash.slice(1))
  const [token, code] = [given.get('token'), given.get('code')]
  if (token === null && code === null) return null
  go(location.pathname === '/sign-in' ? '/' : location.pathname + location.search, { replace: true })
  return code === null ? { token: token! } : { code }
}

function Page() {
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    const given = takeFromLink()
    const signedIn = given === null ? readSession() : signIn(given)
    signedIn.catch((error: unknown) => {
      setProblem(problemFrom(error))
      if (given !== null) readSession().catch(() => null)
    })
  }, [])
  return (
    <>
      <Header />
      {isHelpOpen.value && <Help />}
      {problem !== null && (
        <div class="narrow">
          <Trouble problem={problem} />
        </div>
      )}
      {session.value === undefined ? (
        <main id="main">{problem === null && <Loading />}</main>
      ) : session.value === null ? (
        <SignIn />
      ) : (
        <View />
      )}
    </>
  )
}

followLinks()
listenToKeys()
void followAll()
render(<Page />, document.getElementById('page')!)
