import type { ShownDocument, UnitHistory, WordChange } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { blocksOf } from '../client/headings.ts'
import { newest } from '../client/live.ts'
import { useKept } from '../client/use-kept.ts'
import { type Place, Read, requestAt } from './place.tsx'
import { OddSigns, Shown } from './shown.tsx'
import { Copy, Section, Time, Trouble } from './small.tsx'

/** A unit: its text as in force, and what each version changed. */
export function Unit({ address, place }: { address: string; place: Place }) {
  return (
    <>
      <Read<ShownDocument> path={requestAt(place, '/show', { address })}>
        {({ unit }) => unit !== null && <Text unit={unit} />}
      </Read>
      <Versions address={address} place={place} />
    </>
  )
}

function Text({ unit }: { unit: NonNullable<ShownDocument['unit']> }) {
  const { address, title, kind, versionSeq, since, enactedAt, commencesOn, runId, text } = unit
  return (
    <Section
      title={title ?? address}
      id="text"
      aside={<Copy text={address} label={address} what="address" />}
    >
      <p class="facts">
        {kind}, version {versionSeq}, in force since <Time iso={since} />
        <Enacted iso={enactedAt} commencesOn={commencesOn} />
        <ByRun lead=", by " runId={runId} />
      </p>
      <OddSigns text={text} />
      <div class="law">
        <Law text={text} />
      </div>
    </Section>
  )
}

/** The text of a unit. Its headings are seen as such, with their marks behind. */
function Law({ text, isStart = true }: { text: string; isStart?: boolean }) {
  const end = text.indexOf('\n') + 1
  const lead = isStart ? '' : end === 0 ? text : text.slice(0, end)
  return (
    <>
      {lead !== '' && <Shown text={lead} lines />}
      {blocksOf(text.slice(lead.length)).map(({ text: block, mark }, at) =>
        mark === null ? (
          <Shown key={at} text={block} lines />
        ) : (
          <strong key={at} title={`a heading, written with ${mark}`}>
            <Shown text={`${block}\n`} lines />
          </strong>
        ),
      )}
    </>
  )
}

/** The day on which a version was enacted, where its cut named another day for its commencement. */
function Enacted({ iso, commencesOn }: { iso: string | null; commencesOn: string | null }) {
  if (iso === null || commencesOn === null) return null
  return (
    <>
      , enacted <Time iso={iso} /> for {commencesOn}
    </>
  )
}

/** The run that enacted a version; nothing where another program did. */
function ByRun({ lead, runId }: { lead: string; runId: string | null }) {
  if (runId === null) return null
  return (
    <>
      {lead}
      <a href={`/runs/${runId}`}>run {runId.split('-').at(-1)}</a>
    </>
  )
}

function Versions({ address, place }: { address: string; place: Place }) {
  const path = requestAt({ ...place, asOf: null }, '/history', { address })
  const { data, problem, readAt } = useKept(path, () => getJson<UnitHistory>(path), newest.value)
  if (data === null) return readAt === null ? <Trouble problem={problem} /> : null
  return (
    <Section title="Versions" id="versions">
      {data.versions.map((version) => (
        <article class="part" key={version.versionSeq}>
          <h3>
            Version {version.versionSeq}, {version.status}
          </h3>
          <p class="facts">
            {version.since === null ? 'never in force' : startWords(version.since)}
            {version.since !== null && <Time iso={version.since} />}
            {version.until !== null && (
              <>
                {' until '}
                <Time iso={version.until} />
              </>
            )}
            <Enacted iso={version.enactedAt} commencesOn={version.commencesOn} />
            <ByRun lead=", by " runId={version.runId} />
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

/** A day of commencement may lie ahead. */
const startWords = (since: string) => (Date.parse(since) > Date.now() ? 'in force from ' : 'in force since ')

/** Words that were removed and added, shown by marks and not by colour alone. */
function Changed({ stretches }: { stretches: WordChange[] }) {
  return (
    <>
      {stretches.map(({ kind, text }, at) => {
        // Marks of headings that change are changes.
        if (kind === 'same')
          return <Law key={at} text={text} isStart={at === 0 || stretches[at - 1]!.text.endsWith('\n')} />
        const shown = <Shown key={at} text={text} lines />
        return kind === 'removed' ? <del key={at}>{shown}</del> : <ins key={at}>{shown}</ins>
      })}
    </>
  )
}
