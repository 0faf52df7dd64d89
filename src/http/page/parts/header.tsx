import { session, signOut } from '../client/api.ts'
import { isHelpOpen } from '../client/keyboard.ts'
import { isPaused, offlineSince, togglePause } from '../client/live.ts'
import { address } from '../client/router.ts'
import { nextTheme, theme } from '../client/theme.ts'
import { timeOfDay } from '../client/time.ts'
import { Shown } from './shown.tsx'
import { Switches } from './switches.tsx'

const LINKS: [href: string, label: string][] = [
  ['/', 'Inbox'],
  ['/runs', 'Runs'],
  ['/documents', 'Documents'],
  ['/keys', 'Passkeys'],
]

/** The head of every view. */
export function Header() {
  const { path } = address.value
  const isHere = (href: string) => (href === '/' ? path === '/' : path.startsWith(href))
  const who = session.value
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <a class="brand" href="/">
        <img src="/page/icon.svg" alt="" width="22" height="22" /> Cutter
      </a>
      <nav aria-label="Views">
        {LINKS.map(([href, label]) => (
          <a key={href} href={href} aria-current={isHere(href) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="top-end">
        {who && <Live />}
        {who && who.runId === null && <Switches role={who.role} />}
        <details class="menu" key={who?.name ?? ''}>
          <summary class="button small">{who ? <Shown text={who.name} /> : 'Page'}</summary>
          <div class="menu-panel card">
            {who && (
              <p class="quiet">
                Signed in as <Shown text={who.name} />,{' '}
                {who.runId === null ? `role ${who.role}` : 'by a read-only link'}
              </p>
            )}
            <button type="button" class="small" onClick={nextTheme}>
              Colours: {theme.value}
            </button>
            <button
              type="button"
              class="small"
              onClick={() => {
                isHelpOpen.value = true
              }}
            >
              Keys (?)
            </button>
            {who && (
              <button type="button" class="small" onClick={signOut}>
                Sign out
              </button>
            )}
          </div>
        </details>
      </div>
    </header>
  )
}

/** Whether what is shown is of now. */
function Live() {
  const since = offlineSince.value
  const text =
    since !== null
      ? `offline since ${timeOfDay(new Date(since).toISOString())}`
      : isPaused.value
        ? 'updates paused'
        : 'up to date'
  return (
    <span class="live">
      <span role="status" class={since === null ? 'badge' : 'badge status-stopped'}>
        {text}
      </span>
      <button type="button" class="small" onClick={togglePause} aria-pressed={isPaused.value}>
        Pause<span class="visually-hidden"> live updates</span>
      </button>
    </span>
  )
}
