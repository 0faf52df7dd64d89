import { useEffect, useState } from 'preact/hooks'
import type { Entry, ShownRun } from '../client/answers.ts'
import { describeAuthor, type Span, spansOf, tell } from '../client/entries.ts'
import { address } from '../client/router.ts'
import { duration, now } from '../client/time.ts'
import { Shown } from './shown.tsx'
import { Code, Copy, Time, words } from './small.tsx'

/** Entries that are shown at once. */
const PAGE = 200

const SHOWS: [name: string, label: string][] = [
  ['all', 'Everything'],
  ['people', 'By people'],
  ['agents', 'By agents'],
  ['trouble', 'Refusals and stops'],
]

const KINDS: { [show: string]: string[] } = {
  people: ['person', 'unknown'],
  agents: ['agent'],
  trouble: ['refusal', 'failure'],
}

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
  const waiting = waitOf(entries.at(-1))
  const all = waiting === null ? spans : [...spans, waiting]
  const longest = Math.max(1, ...all.map(({ ms }) => ms))
  const total = { work: 0, wait: 0 }
  for (const { ms, isWait } of all) total[isWait ? 'wait' : 'work'] += ms
  const shown = entries
    .map((entry, at) => ({ entry, span: spans[at]!, words: tell(entry, run.machine) }))
    .slice(from)
    .filter(({ words: { kind } }) => KINDS[show]?.includes(kind) ?? true)
  return (
    <>
      <div class="facts">
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
      </div>
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
                {says.phase !== null && <Code name={says.phase} />}{' '}
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
        {waiting !== null && show === 'all' && (
          <li class="entry now">
            <span />
            <p>
              <strong>
                {entries.at(-1)!.status === 'paused' ? 'Waits for people' : 'Stopped, and waits for help'}
              </strong>
            </p>
            <Bar span={waiting} longest={longest} />
          </li>
        )}
      </ol>
    </>
  )
}

/** The wait that has no end yet; null while a run works or is closed. */
function waitOf(last: Entry | undefined): Span | null {
  if (last === undefined || (last.status !== 'paused' && last.status !== 'stopped')) return null
  return { ms: Math.max(0, now.value - Date.parse(last.at)), isWait: true }
}

function Who({ entry, run }: { entry: Entry; run: ShownRun }) {
  const { word, name } = describeAuthor(entry)
  if (name === null) return <>{word}</>
  const declared =
    entry.seq === 1
      ? { self: ', by own word', config: ', by cutter.yaml', token: ', by token' }[run.operatorDeclared]
      : ''
  return (
    <span>
      {word} <Shown text={name} />
      {declared}
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
