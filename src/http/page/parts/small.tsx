import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Mode, Problem, Status } from '../client/answers.ts'
import { absolute, now, relative } from '../client/time.ts'
import { Shown } from './shown.tsx'

/** A time as people say it, with date, time and zone on hover and for screen readers. */
export function Time({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={absolute(iso)}>
      {relative(iso, now.value)}
    </time>
  )
}

/** The last part of an id, which is enough to find it; a click copies all of it. */
export function ShortId({ id }: { id: string }) {
  const short = id.startsWith('sha256:') ? `${id.slice(7, 19)}…` : (id.split('-').at(-1) ?? id)
  return <Copy text={id} label={short} what={id.startsWith('sha256:') ? 'digest' : 'id'} />
}

/** A button that copies a text. */
export function Copy({ text, label, what }: { text: string; label: string; what: string }) {
  const [isDone, setDone] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text).catch(() => null)
    setDone(true)
    setTimeout(() => setDone(false), 1_500)
  }
  return (
    <button type="button" class="copy" title={`Copy ${text}`} onClick={copy}>
      <code>{label}</code>
      <span class="visually-hidden"> copy the {what}</span>
      <span class="copied" role="status">
        {isDone ? 'copied' : ''}
      </span>
    </button>
  )
}

const WORDS: Record<Status, string> = {
  working: 'working',
  paused: 'waits for people',
  stopped: 'stopped',
  closed: 'closed',
}
const SIGNS: Record<Status, string> = { working: '▶', paused: '‖', stopped: '■', closed: '✓' }

/** The status of a run: a word, a sign and a colour, never the colour alone. */
export function StatusBadge({ status, outcome = null }: { status: Status; outcome?: string | null }) {
  const isBad = outcome !== null && outcome !== 'succeeded'
  return (
    <span class={`badge status-${isBad ? 'ended' : status}`}>
      <span aria-hidden="true">{isBad ? '✕' : SIGNS[status]}</span> {outcome ?? WORDS[status]}
    </span>
  )
}

export function ModeBadge({ mode }: { mode: Mode }) {
  return <span class={`badge mode-${mode}`}>{mode === 'live' ? 'live' : 'dry run'}</span>
}

/** What went wrong, what it changed, and what to do next. */
export function Trouble({ problem }: { problem: Problem | null }) {
  if (problem === null) return null
  return (
    <div class="notice danger" role="alert">
      <p>
        <strong>{problem.reason ?? problem.code}</strong>: <Shown text={problem.detail} />
      </p>
      {problem.next !== undefined && (
        <p class="next">
          Next: <Shown text={problem.next} />
        </p>
      )}
    </div>
  )
}

export function Section({
  title,
  id,
  children,
  aside,
}: {
  title: string
  id: string
  children: ComponentChildren
  aside?: ComponentChildren
}) {
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

export const Loading = () => (
  <p class="quiet" role="status">
    Loading…
  </p>
)

/** Sets the title of the window. */
export function setTitle(title: string): void {
  document.title = `${title} · Cutter`
}

export const words = (name: string) => name.toLowerCase().replaceAll('_', ' ')
