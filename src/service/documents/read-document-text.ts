import { writeFile } from 'node:fs/promises'
import { type DocumentText, listTextPieces, type TextPiece } from '../../document/export/document-text.ts'
import { toAkn } from '../../document/export/to-akn.ts'
import { toJson } from '../../document/export/to-json.ts'
import { toMarkdown } from '../../document/export/to-markdown.ts'
import { listProfileNames, type Profile, type Scan, scanDocument } from '../../document/scan.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { readStoredText, type StoredPiece, type StoredText } from '../../effects/cut/stored-text.ts'
import type { Target } from '../../targets/target.ts'

export type ExportFormat = 'akn' | 'json' | 'markdown'

export interface ExportOptions {
  format: ExportFormat
  country: string
  language: string
  date: string | null
}

export interface ExportedDocument {
  content: string
  /** What the format could not say as the text does; a sentence each. */
  notes: string[]
}

/** How a text is read: the named profile, or the detected one, of those that ship and the user's own. */
interface Reading {
  document: string
  profile?: string | undefined
  profiles?: readonly Profile[]
}

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
 * A document as a target holds it. A target knows units and the literal texts between them: containers are found by reading the
 * text again, with the profile that finds these very units. Throws INPUT_REFUSED for what was never cut there.
 */
export async function readTargetText(
  target: Target,
  interrupt: AbortSignal,
  wanted: Reading & { sourceVersionId?: string | undefined },
): Promise<DocumentText> {
  const { document, sourceVersionId } = wanted
  const context = { runId: 'export', signal: interrupt }
  const found = await readStoredText(target, context, { document, sourceVersionId }).catch((error) => {
    throw asRefusal(error)
  })
  if (found === null) throw neverCut(target.name, document, sourceVersionId)
  const bytes = Buffer.from(found.pieces.map(({ text }) => text).join(''))
  const reading = readingOf(bytes, found, wanted)
  const pieces = reading === null ? ownPieces(found) : withUnits(listTextPieces(bytes, reading), found)
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

export function formatDocument(text: DocumentText, { format, ...facts }: ExportOptions): ExportedDocument {
  const standing =
    text.stored !== null && text.stored.inForceSince === null
      ? ['this text was cut and never enacted: its units are drafts, in force for nobody']
      : []
  if (format === 'json') return { content: toJson(text), notes: standing }
  if (format === 'akn') {
    const { xml, notes } = toAkn(text, facts)
    return { content: xml, notes: [...standing, ...notes] }
  }
  const { markdown, asWritten } = toMarkdown(text)
  const made = asWritten ? [] : ['the source is no Markdown: headings are made from its containers and units']
  return { content: markdown, notes: [...standing, ...made] }
}

/** Never over a file that is there. */
export async function writeExport(file: string, content: string): Promise<void> {
  await writeFile(file, content, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EEXIST' ? 'it exists already' : cause.message
    throw new CutterError('INPUT_REFUSED', `can't write ${file}: ${why}; nothing was written`, {
      next: 'name another file with --out',
      cause,
    })
  })
}

/** The profile that finds the units that the target has: the named one, the detected one, or any other. */
function readingOf(
  bytes: Uint8Array,
  found: StoredText,
  { document, profile: named, profiles = [] }: Reading,
): Scan | null {
  const units = keysOf(found.pieces.flatMap((piece) => ('address' in piece ? [piece] : [])))
  const candidates = named === undefined ? [undefined, ...listProfileNames(profiles)] : [named]
  for (const profile of candidates) {
    const read = scanOrNull(bytes, { document, profile, profiles })
    if (read === null) continue
    // A unit that is repealed in place may be excluded by the profile and yet be a unit of the target.
    const there = new Set(keysOf(listTextPieces(bytes, read).flatMap(addressed)))
    if (units.every((key) => there.has(key))) return read
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
}: Extract<StoredPiece, { address: string }>) => ({
  ...{ unitId, versionId, versionSeq, lifecycleStatus },
})

/** Where no profile reads the text as it was cut: its units as the target names them, and the rest as loose text. */
function ownPieces({ pieces }: StoredText): TextPiece[] {
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

function neverCut(target: string, document: string, sourceVersionId: string | undefined): CutterError {
  const what = sourceVersionId === undefined ? '' : ` as ${sourceVersionId}`
  return new CutterError(
    'INPUT_REFUSED',
    `target ${target} holds no cut of ${document}${what}; nothing was written`,
    {
      next: `cutter target survey ${target} --document ${document} counts what it holds; a file is exported by its path: cutter document export <file> --format …`,
    },
  )
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof Stop)) return error
  const code = error.facts.code === 'STOP_TARGET_UNREACHABLE' ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED'
  const { next } = error.facts
  return new CutterError(code, error.message, next === undefined ? {} : { next })
}
