import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Mode, Problem, Status } from '../client/answers.ts'
import { absolute, now, relative } from '../client/time.ts'
import { Advice } from './advice.tsx'
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

type Copying = 'copied' | 'refused' | null

/** A button that copies a text. Where the browser copies nothing, the complete text is shown, to be copied by hand. */
export function Copy({ text, label, what }: { text: string; label: string; what: string }) {
  const [copying, setCopying] = useState<Copying>(null)
  const copy = async () => {
    try {
      // Pages over plain http have no clipboard, unless they come from this computer.
      await navigator.clipboard.writeText(text)
    } catch {
      setCopying('refused')
      return
    }
    setCopying('copied')
    setTimeout(() => setCopying(null), 1_500)
  }
  return (
    <>
      <button type="button" class="copy" title={`Copy ${text}`} onClick={copy}>
        <code>{label}</code>
        <span class="visually-hidden"> copy the {what}</span>
        <span class="copied" role="status">
          {copying === 'copied' ? 'copied' : ''}
        </span>
      </button>
      {copying === 'refused' && (
        <span class="not-copied" role="alert">
          The browser copied nothing. Copy the {what} by hand: <code>{text}</code>
        </span>
      )}
    </>
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

/** The name that the command line and the API have for what stands before it in words. */
export const Code = ({ name }: { name: string }) => <code class="quiet name">{name}</code>

/** What went wrong, what it changed, and what to do next. */
export function Trouble({ problem }: { problem: Problem | null }) {
  if (problem === null) return null
  return (
    <div class="notice danger" role="alert">
      <p>
        <Shown text={problem.detail} /> <Code name={problem.reason ?? problem.code} />
      </p>
      {problem.next !== undefined && <Advice text={problem.next} lead="Next" />}
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
