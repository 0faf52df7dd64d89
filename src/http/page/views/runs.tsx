import { useEffect, useRef } from 'preact/hooks'
import type { Run } from '../client/answers.ts'
import { request } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { address, go, withFilter } from '../client/router.ts'
import { useAnswer } from '../client/use-answer.ts'
import { Shown } from '../parts/shown.tsx'
import { Loading, ModeBadge, ShortId, StatusBadge, setTitle, Time, Trouble, words } from '../parts/small.tsx'

/** The filters of the list, by their names in the address. */
const FILTERS: [name: string, label: string, choices: string[] | null][] = [
  ['text', 'Text', null],
  ['status', 'Status', ['working', 'paused', 'stopped', 'closed']],
  ['machine', 'Machine', null],
  ['mode', 'Mode', ['dry-run', 'live']],
  ['document', 'Document', null],
  ['target', 'Target', null],
  ['host', 'Host', null],
  ['gate', 'Gate', null],
  ['approver', 'Approver', null],
  ['operator', 'Operator', null],
  ['since', 'Started since', null],
  ['until', 'Started before', null],
]
const NAMES = FILTERS.map(([name]) => name)

interface Page {
  runs: Run[]
  /** The cursor of the next page; null on the last one. */
  next: string | null
}

async function readPage(query: string): Promise<Page> {
  const response = await request(`/api/v1/runs?${query}`)
  const [, link = null] = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '') ?? []
  const next = link === null ? null : new URL(link, location.origin).searchParams.get('cursor')
  return { runs: (await response.json()) as Run[], next }
}

/** All runs, newest first, by filters that stand in the address. */
export function Runs() {
  useEffect(() => setTitle('Runs'), [])
  const { query } = address.value
  const asked = new URLSearchParams([...query].filter(([name]) => NAMES.includes(name) || name === 'cursor'))
  asked.set('limit', '50')
  const { data, problem } = useAnswer(`runs ${asked}`, () => readPage(String(asked)), newest.value)
  return (
    <main id="main">
      <h1>Runs</h1>
      <Filters query={query} />
      <Trouble problem={problem} />
      {data === null ? problem === null && <Loading /> : <List page={data} query={query} />}
    </main>
  )
}

function Filters({ query }: { query: URLSearchParams }) {
  const applied = [...query].filter(([name]) => NAMES.includes(name))
  const submit = (event: Event) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget as HTMLFormElement)
    const changed = new URLSearchParams()
    for (const name of NAMES) {
      const value = String(given.get(name) ?? '').trim()
      const isDay = /^\d{4}-\d\d-\d\d$/.test(value)
      if (value !== '') changed.set(name, isDay ? new Date(`${value}T00:00:00`).toISOString() : value)
    }
    go(String(changed) === '' ? '/runs' : `/runs?${changed}`)
  }
  return (
    <>
      <search>
        <form class="filters" aria-label="Filter runs" onSubmit={submit} key={String(query)}>
          <Field filter={FILTERS[0]!} query={query} />
          <Field filter={FILTERS[1]!} query={query} />
          <button type="submit">Filter</button>
          <details>
            <summary>More filters</summary>
            <div class="filters">
              {FILTERS.slice(2).map((filter) => (
                <Field key={filter[0]} filter={filter} query={query} />
              ))}
            </div>
          </details>
        </form>
      </search>
      {applied.length > 0 && (
        <ul class="chips" aria-label="Filters in force">
          {applied.map(([name, value]) => (
            <li key={name}>
              <a class="chip" href={withFilter(query, name, null)}>
                {name}: {value} <span aria-hidden="true">×</span>
                <span class="visually-hidden"> remove this filter</span>
              </a>
            </li>
          ))}
          <li>
            <a class="chip clear" href="/runs">
              Clear all
            </a>
          </li>
        </ul>
      )}
    </>
  )
}

function Field({
  filter: [name, label, choices],
  query,
}: {
  filter: (typeof FILTERS)[number]
  query: URLSearchParams
}) {
  const value = query.get(name) ?? ''
  const id = `filter-${name}`
  const isTime = name === 'since' || name === 'until'
  const input = useRef<HTMLInputElement>(null)
  // Only another address changes the field: a list that is read again leaves what somebody types.
  useEffect(() => {
    if (input.current !== null) input.current.value = isTime ? value.slice(0, 10) : value
  }, [isTime, value])
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {isTime ? (
        <input id={id} name={name} type="date" ref={input} />
      ) : choices === null ? (
        <input id={id} name={name} type="text" ref={input} />
      ) : (
        <select id={id} name={name}>
          <option value="">any</option>
          {choices.map((choice) => (
            <option key={choice} selected={choice === value}>
              {choice}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}

function List({ page: { runs, next }, query }: { page: Page; query: URLSearchParams }) {
  if (runs.length === 0) return <p class="empty">No run passes these filters.</p>
  const following = new URLSearchParams(query)
  if (next !== null) following.set('cursor', next)
  return (
    <>
      <ul class="rows">
        {runs.map((run) => (
          <Row key={run.runId} run={run} query={query} />
        ))}
      </ul>
      <nav class="pager" aria-label="Pages">
        {query.has('cursor') && <a href={withFilter(query, 'cursor', null)}>Newest</a>}
        {next !== null && <a href={`/runs?${following}`}>Older</a>}
      </nav>
    </>
  )
}

function Row({ run, query }: { run: Run; query: URLSearchParams }) {
  const { runId, machine, mode, status, state, outcome, startedAt, startedBy, about } = run
  return (
    <li class={`row-card is-${status === 'paused' ? 'waiting' : status === 'stopped' ? 'stopped' : 'calm'}`}>
      <div class="row-main">
        <a class="row-title" href={`/runs/${runId}`} data-row>
          <Shown text={about} />
        </a>
        <div class="facts">
          <a class="plain" href={withFilter(query, 'status', status)} title="Show only these">
            <StatusBadge status={status} outcome={outcome} />
          </a>
          <ModeBadge mode={mode} />
          <a class="plain" href={withFilter(query, 'machine', machine)} title="Show only these">
            {machine}
          </a>
          <ShortId id={runId} />
        </div>
      </div>
      <div class="row-side">
        <p>{words(state)}</p>
        <p class="facts">
          started <Time iso={startedAt} /> by <Shown text={startedBy} />
        </p>
      </div>
    </li>
  )
}
