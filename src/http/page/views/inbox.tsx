import { useEffect } from 'preact/hooks'
import type { Inbox as InboxAnswer, InboxItem } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { address } from '../client/router.ts'
import { useAnswer } from '../client/use-answer.ts'
import { Advice } from '../parts/advice.tsx'
import { Shown } from '../parts/shown.tsx'
import { Loading, ModeBadge, ShortId, StatusBadge, setTitle, Time, Trouble, words } from '../parts/small.tsx'

/** Home: what waits for whom, since when. What can't be taken back comes first, then the longest wait. */
export function Inbox() {
  useEffect(() => setTitle('Inbox'), [])
  const cursor = address.value.query.get('cursor')
  const path = cursor === null ? '/api/v1/inbox' : `/api/v1/inbox?${new URLSearchParams({ cursor })}`
  const { data, problem } = useAnswer(path, () => getJson<InboxAnswer>(path), newest.value)
  return (
    <main id="main">
      <h1>Inbox</h1>
      <Trouble problem={problem} />
      {data === null ? (
        problem === null && <Loading />
      ) : (
        <Groups inbox={data} isContinued={cursor !== null} />
      )}
    </main>
  )
}

/** More runs are not counted. */
const MOST_COUNTED = 1_000

function Groups({ inbox, isContinued }: { inbox: InboxAnswer; isContinued: boolean }) {
  const { items, more, next, working } = inbox
  const final = items.filter(({ isFinal, status }) => isFinal && status === 'paused')
  const others = items.filter(({ isFinal, status }) => !isFinal && status === 'paused')
  const stopped = items.filter(({ status }) => status === 'stopped')
  return (
    <>
      <p class="lead">
        {items.length === 0
          ? isContinued
            ? 'Nothing more waits for people.'
            : 'Nothing waits for people.'
          : `${more < MOST_COUNTED ? '' : 'At least '}${items.length + more} ${items.length + more === 1 ? 'run waits' : 'runs wait'} for people.`}{' '}
        {working > 0 && (
          <a href="/runs?status=working">
            {working} {working === 1 ? 'run is' : 'runs are'} working
          </a>
        )}
      </p>
      <Group title="Can’t be taken back after a yes" kind="final" items={final} />
      <Group title="Waits for a decision" kind="gate" items={others} />
      <Group title="Stopped: needs help" kind="stopped" items={stopped} />
      {(isContinued || next !== null) && (
        <nav class="pager" aria-label="Pages">
          {isContinued && <a href="/">Longest waits</a>}
          {next !== null && <a href={`/?${new URLSearchParams({ cursor: next })}`}>Shorter waits</a>}
        </nav>
      )}
      <p class="quiet">
        Each plan is decided by itself, after it was read. So there is no button that approves everything.
      </p>
    </>
  )
}

function Group({ title, kind, items }: { title: string; kind: string; items: InboxItem[] }) {
  if (items.length === 0) return null
  return (
    <section class={`group group-${kind}`} aria-labelledby={`group-${kind}`}>
      <h2 id={`group-${kind}`}>{title}</h2>
      <ul class="rows">
        {items.map((item) => (
          <Item key={item.runId} item={item} />
        ))}
      </ul>
    </section>
  )
}

function Item({ item }: { item: InboxItem }) {
  const { runId, machine, mode, status, state, gate, about, since, isFinal } = item
  const to = gate === null ? `/runs/${runId}` : `/runs/${runId}/gate`
  return (
    <li class={`row-card ${status === 'stopped' ? 'is-stopped' : isFinal ? 'is-final' : 'is-waiting'}`}>
      <div class="row-main">
        <a class="row-title" href={to} data-row>
          <Shown text={about} />
        </a>
        <div class="facts">
          <StatusBadge status={status} /> <ModeBadge mode={mode} />
          <span>
            {machine}
            {gate !== null && <>, gate {gate}</>}
          </span>
          <ShortId id={runId} />
        </div>
        <p class="facts">
          {gate === null ? <>stopped in {words(state)} </> : 'came to its gate '}
          <Time iso={since} />, started by <Shown text={item.startedBy} />
        </p>
      </div>
      <div class="row-side">{status === 'stopped' ? <Stopped item={item} /> : <People item={item} />}</div>
    </li>
  )
}

function People({ item: { need, have, may, expiresAt, why, mode } }: { item: InboxItem }) {
  const missing = Math.max(0, need - have.length)
  return (
    <>
      <p>
        <strong>
          {have.length} of {need}
        </strong>{' '}
        {need === 1 ? 'approval' : 'approvals'}
        {missing > 0 ? `, ${missing} missing` : ': an operator can resume it'}
      </p>
      {have.length > 0 && <p class="facts">signed: {have.join(', ')}</p>}
      {expiresAt !== null && (
        <p class="facts">
          stops counting <Time iso={expiresAt} />
        </p>
      )}
      <p class="facts">
        {may.length > 0
          ? `may approve: ${may.join(', ')}`
          : mode === 'dry-run'
            ? 'a rehearsal approval is enough'
            : 'nobody may approve now'}
      </p>
      {why !== null && may.length === 0 && mode === 'live' && (
        <p class="facts">
          <Shown text={why} />
        </p>
      )}
    </>
  )
}

function Stopped({ item: { why, next } }: { item: InboxItem }) {
  return (
    <>
      <p>{why !== null && <Shown text={why} />}</p>
      {next !== null && <Advice text={next} lead="next" />}
    </>
  )
}
