import type { Change, ChangeKind, UnitText } from '../../document/diff/change.ts'
import { listUnitTexts } from '../../document/diff/diff-documents.ts'
import { diffUnits } from '../../document/diff/diff-units.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { type Scan, scanDocument as scanText } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { CutterError } from '../../domain/errors.ts'
import type { CurrentText } from './current-texts.ts'
import type { Alias } from './plan.ts'

/** How the text in force becomes the new one, by address. Empty where nothing is in force. */
export interface TextChanges {
  /** By new address: what became of the old text, and where it stood. */
  origins: Map<string, { change: ChangeKind; from: string[] }>
  /** By old address: where its text stands now, when that is elsewhere. */
  successors: Map<string, string[]>
  aliases: Alias[]
}

export function compareWithCurrent(
  inForce: CurrentText[],
  now: { bytes: Uint8Array; scan: Scan },
  records: Set<ScanRecord>,
  profiles: readonly Profile[] = [],
): TextChanges {
  const difference: TextChanges = { origins: new Map(), successors: new Map(), aliases: [] }
  if (inForce.length === 0) return difference
  const after = listUnitTexts({ bytes: now.bytes, scan: { ...now.scan, records: [...records] } })
  // The old status counts only where the new text has a mark, so those alone are read again.
  const marked = new Set(after.filter(({ status }) => status !== null).map(({ address }) => address))
  const status = ({ address, body }: CurrentText) =>
    marked.has(address) ? statusOf(body, now.scan.profile, profiles) : null
  const before = inForce.map((unit) => oldText(unit, status(unit)))
  for (const change of diffUnits(before, after)) take(difference, change)
  return difference
}

function take({ origins, successors, aliases }: TextChanges, one: Change): void {
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

function oldText(
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

/** What the unit's own text says of itself, read alone. */
function statusOf(body: string, profile: string, profiles: readonly Profile[]): string | null {
  try {
    const { records } = scanText(Buffer.from(body), { document: 'D', profile, profiles })
    return records.find(({ kind }) => kind === 'unit' || kind === 'excluded')?.status ?? null
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}
