import { useEffect } from 'preact/hooks'
import type { DocumentList, FoundUnits, ListedTarget, ShownDocument } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { address, go } from '../client/router.ts'
import { useAnswer } from '../client/use-answer.ts'
import { type Place, placeOf, Read, requestAt, toDocuments } from '../parts/place.tsx'
import { Shown } from '../parts/shown.tsx'
import { setTitle, Time } from '../parts/small.tsx'
import { Tree } from '../parts/tree.tsx'
import { Unit } from '../parts/unit.tsx'

/** What is in force: all documents, one as a tree, one unit with its history, or what a search finds. */
export function Documents() {
  const place = placeOf(address.value.query)
  const { document, unit, words } = place
  useEffect(() => setTitle(unit ?? document ?? 'Documents'), [unit, document])
  return (
    <main id="main">
      <p class="facts">
        {(document ?? unit ?? words) !== null && <a href={toDocuments(place, {})}>Documents</a>}
        {document !== null && unit !== null && (
          <>
            {' / '}
            <a href={toDocuments(place, { document })}>{document}</a>
          </>
        )}
      </p>
      <h1>
        <Shown text={unit ?? document ?? 'Documents in force'} />
      </h1>
      <Search place={place} />
      {unit !== null ? (
        <Unit key={unit} address={unit} place={place} />
      ) : words !== null ? (
        <Found words={words} place={place} />
      ) : document !== null ? (
        <OneDocument document={document} place={place} />
      ) : (
        <All place={place} />
      )}
    </main>
  )
}

function Search({ place }: { place: Place }) {
  const { data } = useAnswer('targets', () => getJson<ListedTarget[]>('/api/v1/targets'))
  const targets = data?.filter(({ takes }) => takes.includes('cuts')).map(({ target }) => target) ?? []
  const submit = (event: Event) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget as HTMLFormElement)
    const value = (name: string) => String(given.get(name) ?? '').trim() || null
    const { document, unit } = place
    const to = { ...place, target: value('target') ?? place.target, asOf: value('as-of') }
    const words = value('words')
    go(words === null ? toDocuments(to, { document, unit }) : toDocuments(to, { document, words }))
  }
  return (
    <search>
      <form class="filters" aria-label="Search documents" onSubmit={submit} key={JSON.stringify(place)}>
        <div class="field">
          <label for="words">Words</label>
          <input id="words" name="words" type="text" defaultValue={place.words ?? ''} />
        </div>
        <div class="field">
          <label for="as-of">In force at the end of (UTC)</label>
          <input id="as-of" name="as-of" type="date" defaultValue={place.asOf ?? ''} />
        </div>
        {(targets.length > 1 || !targets.includes(place.target)) && (
          <div class="field">
            <label for="target">Target</label>
            <select id="target" name="target">
              {[...new Set([place.target, ...targets])].map((name) => (
                <option key={name} selected={name === place.target}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        )}
        <button type="submit">Show</button>
      </form>
    </search>
  )
}

function All({ place }: { place: Place }) {
  return (
    <Read<DocumentList> path={requestAt(place, '')}>
      {({ target, documents }) =>
        documents.length === 0 ? (
          <p class="empty">
            No document was in force in {target} then. A run of the machine <code>cut</code> puts one into
            force.
          </p>
        ) : (
          <ul class="rows">
            {documents.map(({ document, units, changedAt }) => (
              <li class="row-card" key={document}>
                <a class="row-title" href={toDocuments(place, { document })} data-row>
                  <Shown text={document} />
                </a>
                <p class="facts">
                  {units} {units === 1 ? 'unit' : 'units'}, changed <Time iso={changedAt} />,{' '}
                  <a href={`/runs?document=${encodeURIComponent(document)}`}>its runs</a>
                </p>
              </li>
            ))}
          </ul>
        )
      }
    </Read>
  )
}

function OneDocument({ document, place }: { document: string; place: Place }) {
  return (
    <Read<ShownDocument> path={requestAt(place, '/show', { address: document })}>
      {({ units }) => <Tree units={units} document={document} place={place} />}
    </Read>
  )
}

function Found({ words, place }: { words: string; place: Place }) {
  const inDocument = place.document === null ? {} : { document: place.document }
  return (
    <Read<FoundUnits> path={requestAt(place, '/search', { words, ...inDocument })}>
      {({ units, hasMore }) =>
        units.length === 0 ? (
          <p class="empty">
            No unit that was in force then has “<Shown text={words} />
            ”.
          </p>
        ) : (
          <>
            <ul class="rows">
              {units.map(({ address: own, document, title, excerpt }) => (
                <li class="row-card wide" key={own}>
                  <a class="row-title" href={toDocuments(place, { document, unit: own })} data-row>
                    <Shown text={title ?? own} />
                  </a>
                  <p class="facts">
                    <code>{own}</code>
                  </p>
                  <p>
                    <Shown text={excerpt} />
                  </p>
                </li>
              ))}
            </ul>
            {hasMore && <p>There are more than {units.length}. Narrow the words.</p>}
          </>
        )
      }
    </Read>
  )
}
