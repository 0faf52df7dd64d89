import { useEffect, useState } from 'preact/hooks'
import type { Entry, ShownRun } from '../client/answers.ts'
import { type Span, spansOf, tell } from '../client/entries.ts'
import { address } from '../client/router.ts'
import { duration } from '../client/time.ts'
import { Shown } from './shown.tsx'
import { Copy, Time, words } from './small.tsx'

/** Entries that are shown at once. */
const PAGE = 200

const SHOWS: [name: string, label: string][] = [
  ['all', 'Everything'],
  ['people', 'By people'],
  ['trouble', 'Refusals and stops'],
]

/** The history as a timeline: each entry has an address, and waiting is drawn unlike work. */
export function Timeline({ entries, run }: { entries: Entry[]; run: ShownRun }) {
  const [from, setFrom] = useState(() => Math.max(0, entries.length - PAGE))
  const { hash, query, path } = address.value
  const show = query.get('show') ?? 'all'
  const marked = /^#e-(\d+)$/.exec(hash)?.[1]
  useEffect(() => {
    if (marked === undefined) return
    if (Number(marked) <= from) setFrom(Math.max(0, Number(marked) - 20))
    requestAnimationFrame(() => document.getElementById(`e-${marked}`)?.scrollIntoView({ block: 'center' }))
  }, [marked, from])
  const spans = spansOf(entries)
  const longest = Math.max(1, ...spans.map(({ ms }) => ms))
  const total = { work: 0, wait: 0 }
  for (const { ms, isWait } of spans) total[isWait ? 'wait' : 'work'] += ms
  const shown = entries
    .map((entry, at) => ({ entry, span: spans[at]!, words: tell(entry) }))
    .slice(from)
    .filter(({ words: { kind } }) =>
      show === 'people'
        ? kind === 'person'
        : show === 'trouble'
          ? kind === 'refusal' || kind === 'failure'
          : true,
    )
  return (
    <>
      <p class="facts">
        <span>
          {duration(total.work)} of work, {duration(total.wait)} of waiting.
        </span>
        {SHOWS.map(([name, label]) => (
          <a
            key={name}
            class="chip"
            aria-current={name === show ? 'true' : undefined}
            href={name === 'all' ? path : `${path}?show=${name}`}
          >
            {label}
          </a>
        ))}
      </p>
      {from > 0 && (
        <button type="button" onClick={() => setFrom(Math.max(0, from - PAGE))}>
          Show {Math.min(PAGE, from)} earlier entries of {entries.length}
        </button>
      )}
      <ol class="timeline" start={from + 1}>
        {shown.map(({ entry, span, words: says }) => (
          <li
            key={entry.seq}
            id={`e-${entry.seq}`}
            class={`entry by-${says.kind}${String(entry.seq) === marked ? ' marked' : ''}`}
          >
            <a class="seq" href={`${path}#e-${entry.seq}`} aria-label={`Entry ${entry.seq}`}>
              {entry.seq}
            </a>
            <div>
              <p>
                <strong>
                  <Shown text={says.text} />
                </strong>{' '}
                <span class="quiet">
                  → {words(entry.state)}
                  {entry.status === 'paused' && ', waits for people'}
                  {entry.status === 'stopped' && ', stopped'}
                </span>
              </p>
              {says.detail !== null && (
                <p>
                  <Shown text={says.detail} />
                </p>
              )}
              <p class="facts">
                <Who entry={entry} run={run} /> · <Time iso={entry.at} />
              </p>
            </div>
            <Bar span={span} longest={longest} />
            <details class="raw">
              <summary>JSON</summary>
              <Copy text={JSON.stringify(entry, null, 2)} label="copy" what="entry" />
              <pre tabIndex={0}>{JSON.stringify(entry, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
    </>
  )
}

function Who({ entry: { by, seq }, run }: { entry: Entry; run: ShownRun }) {
  if (by === 'engine') return <>engine</>
  const word =
    seq === 1
      ? { self: ', by own word', config: ', by cutter.yaml', token: ', by token' }[run.operatorDeclared]
      : ''
  return (
    <span>
      person or program <Shown text={by} />
      {word}
    </span>
  )
}

/** A length on a logarithmic scale, so that a night of waiting does not hide a second of work. */
function Bar({ span: { ms, isWait }, longest }: { span: Span; longest: number }) {
  const share = Math.round((Math.log1p(ms) / Math.log1p(longest)) * 100)
  return (
    <div class="bar-cell">
      <div class={isWait ? 'bar wait' : 'bar work'} style={{ width: `${share}%` }} />
      <span class="facts">
        {isWait ? 'waited ' : ''}
        {duration(ms)}
      </span>
    </div>
  )
}
