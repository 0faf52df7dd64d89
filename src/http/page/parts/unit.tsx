import type { ShownDocument, UnitHistory, WordChange } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { useKept } from '../client/use-kept.ts'
import { AsOf, type Place } from './place.tsx'
import { OddSigns, Shown } from './shown.tsx'
import { Copy, Loading, Section, Time, Trouble } from './small.tsx'

/** A unit: its text as in force, and what each version changed. */
export function Unit({ address, place }: { address: string; place: Place }) {
  const query = new URLSearchParams([...new URLSearchParams(place.query), ['address', address]])
  const answer = useKept(
    `show ${query}`,
    () => getJson<ShownDocument>(`/api/v1/documents/show?${query}`),
    newest.value,
  )
  const unit = answer.data?.unit ?? null
  return (
    <>
      <AsOf answer={answer} />
      {answer.data === null && answer.problem === null && <Loading />}
      {unit !== null && (
        <Section
          title={unit.title ?? address}
          id="text"
          aside={<Copy text={address} label={address} what="address" />}
        >
          <p class="facts">
            {unit.kind}, version {unit.versionSeq}, in force since <Time iso={unit.since} />
            {unit.runId !== null && (
              <>
                {' by '}
                <a href={`/runs/${unit.runId}`}>run {unit.runId.split('-').at(-1)}</a>
              </>
            )}
          </p>
          <OddSigns text={unit.text} />
          <div class="law">
            <Shown text={unit.text} lines />
          </div>
        </Section>
      )}
      <Versions address={address} target={place.target} />
    </>
  )
}

function Versions({ address, target }: { address: string; target: string }) {
  const query = new URLSearchParams({ address, target })
  const { data, problem, readAt } = useKept(
    `history ${query}`,
    () => getJson<UnitHistory>(`/api/v1/documents/history?${query}`),
    newest.value,
  )
  if (data === null) return readAt === null ? <Trouble problem={problem} /> : null
  return (
    <Section title="Versions" id="versions">
      {data.versions.map((version) => (
        <article class="part" key={version.versionSeq}>
          <h3>
            Version {version.versionSeq}, {version.status}
          </h3>
          <p class="facts">
            {version.since === null ? 'never in force' : 'in force since '}
            {version.since !== null && <Time iso={version.since} />}
            {version.until !== null && (
              <>
                {' until '}
                <Time iso={version.until} />
              </>
            )}
            {version.runId !== null && (
              <>
                {', by '}
                <a href={`/runs/${version.runId}`}>run {version.runId.split('-').at(-1)}</a>
              </>
            )}
          </p>
          {version.changes === null ? (
            <p class="quiet">The first version.</p>
          ) : (
            <div class="law">
              <Changed stretches={version.changes} />
            </div>
          )}
        </article>
      ))}
    </Section>
  )
}

/** Words that were removed and added, shown by marks and not by colour alone. */
function Changed({ stretches }: { stretches: WordChange[] }) {
  return (
    <>
      {stretches.map(({ kind, text }, at) => {
        const shown = <Shown key={at} text={text} lines />
        if (kind === 'same') return shown
        return kind === 'removed' ? <del key={at}>{shown}</del> : <ins key={at}>{shown}</ins>
      })}
    </>
  )
}
