import type { HeldUnit } from '../client/answers.ts'
import { type Place, toDocuments } from './place.tsx'
import { Shown } from './shown.tsx'
import { Time } from './small.tsx'

/** Units that stand in the same part of a document, one after the other. */
interface Group {
  /** The address of the part without that of the document; empty for the document itself. */
  part: string
  units: HeldUnit[]
}

function groupsOf(units: HeldUnit[], document: string): Group[] {
  const groups: Group[] = []
  for (const unit of units) {
    const inDocument = unit.parent?.startsWith(`${document}/`) === true
    const part = inDocument ? unit.parent!.slice(document.length + 1) : ''
    if (groups.at(-1)?.part === part) groups.at(-1)!.units.push(unit)
    else groups.push({ part, units: [unit] })
  }
  return groups
}

/** A document as in force: its parts, and the units in them. */
export function Tree({ units, document, place }: { units: HeldUnit[]; document: string; place: Place }) {
  return (
    <>
      <p class="facts">
        {units.length} {units.length === 1 ? 'unit' : 'units'},{' '}
        <a href={`/runs?document=${encodeURIComponent(document)}`}>runs of this document</a>
      </p>
      {groupsOf(units, document).map(({ part, units: inPart }) =>
        part === '' ? (
          <Units key={inPart[0]!.address} units={inPart} document={document} place={place} />
        ) : (
          <details class="card" key={`${part} ${inPart[0]!.address}`} open>
            <summary>
              <strong>
                <Shown text={part.replaceAll('/', ' › ')} />
              </strong>{' '}
              <span class="quiet">{inPart.length}</span>
            </summary>
            <Units units={inPart} document={document} place={place} />
          </details>
        ),
      )}
    </>
  )
}

function Units({ units, document, place }: { units: HeldUnit[]; document: string; place: Place }) {
  return (
    <ul class="units">
      {units.map(({ address, title, number, since, versionSeq }) => (
        <li key={address}>
          <a href={toDocuments(place, { document, unit: address })} data-row>
            <Shown text={title ?? number ?? address} />
          </a>
          <span class="quiet">
            <code>{address.slice(document.length + 1)}</code>, version {versionSeq}, since{' '}
            <Time iso={since} />
          </span>
        </li>
      ))}
    </ul>
  )
}
