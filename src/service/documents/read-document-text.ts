import { type DocumentText, listTextPieces, type TextPiece } from '../../document/export/document-text.ts'
import { listProfileNames } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { type Scan, scanDocument } from '../../document/scan.ts'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { findPinnedReading } from '../../effects/cut/pinned-reading.ts'
import { readStoredText, type StoredPiece, type StoredText } from '../../effects/cut/stored-text.ts'
import type { Target } from '../../targets/target.ts'
import { targetError } from '../targets/target-error.ts'

/** Options for reading a text: the named or the detected profile, of those that ship and the user's own. */
interface Reading {
  document: string
  profile?: string | undefined
  profiles?: readonly Profile[]
}

/**
 * Reads a document's text from the bytes of a file.
 *
 * @throws INPUT_REFUSED when it cannot be scanned (see `scanDocument`).
 */
export function readFileText(bytes: Uint8Array, { document, ...reading }: Reading): DocumentText {
  const found = scanDocument(bytes, { document, ...reading })
  return {
    document,
    sourceVersionId: null,
    sha256: found.sha256,
    bytes: bytes.length,
    profile: found.profile,
    stored: null,
    pieces: listTextPieces(bytes, found),
  }
}

/**
 * Reads a document's text from a target. A target has units and the literal texts between them. The containers are found by scanning
 * the text again, with a profile that finds the same units.
 *
 * @throws INPUT_REFUSED when the document, or that version of it, was never cut there.
 * @throws TARGET_UNREACHABLE or TARGET_REFUSED when the target cannot be read.
 */
export async function readTargetText(
  target: Target,
  interrupt: AbortSignal,
  wanted: Reading & { sourceVersionId?: string | undefined },
): Promise<DocumentText> {
  const { document, sourceVersionId } = wanted
  const context = { runId: 'export', signal: interrupt }
  const found = await readStoredText(target, context, { document, sourceVersionId }).catch((error) => {
    throw targetError(error)
  })
  if (found === null) throw neverCutError(target.name, document, sourceVersionId)
  const bytes = Buffer.from(found.pieces.map(({ text }) => text).join(''))
  const reading = findReading(bytes, found, wanted)
  const pieces = reading === null ? listStoredPieces(found) : withUnits(listTextPieces(bytes, reading), found)
  return {
    document,
    sourceVersionId: found.sourceVersionId,
    sha256: found.sourceSha256,
    bytes: bytes.length,
    profile: reading?.profile ?? null,
    stored: {
      target: target.name,
      changeSetId: found.changeSetId,
      cutAt: found.cutAt,
      inForceSince: found.inForceSince,
    },
    pieces,
  }
}

/** Finds a scan with the target's units: by the named profile, the reading that it was cut by, the detected one, or any other. */
function findReading(
  bytes: Uint8Array,
  found: StoredText,
  { document, profile: named, profiles = [] }: Reading,
): Scan | null {
  const units = keysOf(found.pieces.flatMap((piece) => ('address' in piece ? [piece] : [])))
  const pinned = named === undefined ? findPinnedReading(found, profiles) : null
  const detected = [pinned ?? undefined, undefined, ...listProfileNames(profiles)]
  const candidates = named === undefined ? detected : [named]
  for (const profile of candidates) {
    const read = scanOrNull(bytes, { document, profile, profiles })
    if (read === null) continue
    // A unit that is repealed in place may be excluded by the profile although it is a unit of the target.
    const present = new Set(keysOf(listTextPieces(bytes, read).flatMap(addressed)))
    if (units.every((key) => present.has(key))) return read
  }
  return null
}

const addressed = ({ kind, address, text }: TextPiece) =>
  address === null || (kind !== 'unit' && kind !== 'excluded') ? [] : [{ address, text }]

const keysOf = (units: { address: string; text: string }[]) =>
  units.map(({ address, text }) => `${address}\n${text}`)

function scanOrNull(bytes: Uint8Array, { document, ...reading }: Reading): Scan | null {
  try {
    return scanDocument(bytes, { document, ...reading })
  } catch (error) {
    if (error instanceof CutterError && error.code === 'INPUT_REFUSED') return null
    throw error
  }
}

function withUnits(pieces: TextPiece[], { pieces: stored }: StoredText): TextPiece[] {
  const units = new Map(
    stored.flatMap((piece) => ('address' in piece ? [[piece.address, unitOf(piece)]] : [])),
  )
  return pieces.map((piece) => ({ ...piece, unit: units.get(piece.address ?? '') ?? null }))
}

const unitOf = ({
  unitId,
  versionId,
  versionSeq,
  lifecycleStatus,
}: Extract<StoredPiece, { address: string }>) => ({ unitId, versionId, versionSeq, lifecycleStatus })

/** Lists the target's own units and the rest as loose text, if no profile reads the text as it was cut. */
function listStoredPieces({ pieces }: StoredText): TextPiece[] {
  let start = 0
  return pieces.map((piece): TextPiece => {
    const bytes = Buffer.from(piece.text)
    const span = { start, end: start + bytes.length, sha256: sha256(bytes), text: piece.text }
    start = span.end
    if (!('address' in piece)) {
      const nothing = { level: null, number: null, address: null, heading: null, parent: null }
      return { kind: 'other', ...nothing, status: null, ...span, unit: null }
    }
    const { address, kind, number, title, parent } = piece
    return {
      kind: 'unit',
      level: kind,
      number,
      address,
      heading: title,
      parent,
      status: null,
      ...span,
      unit: unitOf(piece),
    }
  })
}

function neverCutError(target: string, document: string, sourceVersionId: string | undefined): CutterError {
  const what = sourceVersionId === undefined ? '' : ` as ${sourceVersionId}`
  return new CutterError(
    'INPUT_REFUSED',
    `target ${target} holds no cut of ${document}${what}; nothing was written`,
    {
      next: `cutter target survey ${target} --document ${document} counts what it holds; a file is exported by its path: cutter document export <file> --format …`,
    },
  )
}
