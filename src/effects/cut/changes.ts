import type { Change, ChangeKind, UnitText } from '../../document/diff/change.ts'
import { listUnitTexts } from '../../document/diff/diff-documents.ts'
import { diffUnits } from '../../document/diff/diff-units.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { type Scan, scanDocument as scanText } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { asBuffer } from '../../document/syntax/lines.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { CurrentText } from './current-texts.ts'
import type { Alias } from './plan.ts'
import { findSharedTexts, findVerbatim } from './verbatim-text.ts'

// An alias is valid as of its change set. The unit of an address comes before any alias with that address.

/** The changes from the text in force to the new text, by address. Empty if nothing is in force. */
export interface TextChanges {
  /** By new address: the change, and the old addresses of the text. */
  origins: Map<string, { change: ChangeKind; from: string[] }>
  /** By old address: the new addresses of the text, if they differ. */
  successors: Map<string, string[]>
  aliases: Alias[]
}

/** The text in force: its units, what stands outside of them, and whether the new text is read in another way. */
interface TextBefore {
  units: CurrentText[]
  otherText: string
  isReadAnew: boolean
}

/** Compares the text in force with the records of the new text. */
export function compareWithCurrent(
  textBefore: TextBefore,
  now: { bytes: Uint8Array; scan: Scan },
  records: Set<ScanRecord>,
  profiles: readonly Profile[] = [],
): TextChanges {
  const { units: inForce } = textBefore
  const difference: TextChanges = { origins: new Map(), successors: new Map(), aliases: [] }
  if (inForce.length === 0) return difference
  const after = listUnitTexts({ bytes: now.bytes, scan: { ...now.scan, records: [...records] } })
  // The old status matters only if the new text has a status mark. Only those units are read again.
  const marked = new Set(after.filter(({ status }) => status !== null).map(({ address }) => address))
  const status = ({ address, body }: CurrentText) =>
    marked.has(address) ? findStatus(body, now.scan.profile, profiles) : null
  const before = inForce.map((unit) => toUnitText(unit, status(unit)))
  for (const change of diffUnits(before, after)) addChange(difference, change)
  keepStandingTexts(difference, textBefore, now, records)
  return difference
}

/**
 * Adds the new addresses of texts that stand word for word in the new text although their unit ends: a text that stands is not repealed.
 *
 * @throws Stop STOP_REFUSED_INPUT when such a text stands in no unit.
 */
function keepStandingTexts(
  { successors, aliases }: TextChanges,
  { units: inForce, otherText, isReadAnew }: TextBefore,
  { bytes, scan }: { bytes: Uint8Array; scan: Scan },
  units: Set<ScanRecord>,
): void {
  const present = new Map([...units].map((record) => [record.address!, record]))
  const ending = inForce.filter(({ address }) => !present.has(address) && !successors.has(address))
  if (ending.length === 0) return
  const hashes = new Map(inForce.map(({ address, contentHash }) => [address, contentHash]))
  const others = scan.records.filter(
    (record) => !units.has(record) || hashes.get(record.address!) !== `sha256:${record.sha256}`,
  )
  const source = asBuffer(bytes)
  const shared = findSharedTexts(inForce)
  const place = { source, records: others, otherText: Buffer.from(otherText), isReadAnew, shared }
  for (const unit of ending) {
    const { units: holders, outside } = findVerbatim(unit, place)
    if (outside) throw outsideError(unit.address)
    if (holders.length === 0) continue
    const addresses = holders.map(({ address }) => address!)
    successors.set(unit.address, addresses)
    for (const address of addresses) aliases.push({ kind: 'redirect', aliasAddress: unit.address, address })
  }
}

function outsideError(address: string): Stop {
  return new Stop(
    'STOP_REFUSED_INPUT',
    `the text in force of ${address} stands in the source, but in no unit; nothing was changed`,
    {
      next: 'read the document as it was cut before (leave out --profile), or choose a profile and levels that make it a unit (this run can be cancelled)',
      data: { address },
    },
  )
}

function addChange({ origins, successors, aliases }: TextChanges, one: Change): void {
  const { change, address, newAddress, oldSha256 } = one
  if (newAddress === null) return
  const origin = origins.get(newAddress) ?? { change, from: [] }
  origins.set(newAddress, origin)
  if (oldSha256 === null) return
  origin.from.push(address)
  if (address === newAddress) return
  successors.set(address, [...(successors.get(address) ?? []), newAddress])
  const kind = change === 'moved' || change === 'renumbered' ? 'rename' : 'redirect'
  aliases.push({ kind, aliasAddress: address, address: newAddress })
}

function toUnitText(
  { address, number, parent, contentHash, body }: CurrentText,
  status: string | null,
): UnitText {
  const headingEnd = body.indexOf('\n')
  return {
    address,
    occurrence: 1,
    sha256: contentHash.slice('sha256:'.length),
    number,
    parent,
    status,
    text: body,
    body: headingEnd < 0 ? '' : body.slice(headingEnd + 1),
  }
}

/** Finds the status mark in a unit's own text. */
function findStatus(body: string, profile: string, profiles: readonly Profile[]): string | null {
  try {
    const { records } = scanText(Buffer.from(body), { document: 'D', profile, profiles })
    return records.find(({ kind }) => kind === 'unit' || kind === 'excluded')?.status ?? null
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}
