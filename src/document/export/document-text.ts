import type { Scan } from '../scan.ts'
import type { ScanRecord } from '../structure/records.ts'

/** A document as it is exported: pieces that follow each other and are, one after the other, the whole text. */
export interface DocumentText {
  document: string
  /** Null for a file that was never cut. */
  sourceVersionId: string | null
  /** 64 hex digits, of the whole text's UTF-8. */
  sha256: string
  bytes: number
  /** Null where the text was read back from a target and no profile finds the same units in it. */
  profile: string | null
  stored: StoredOrigin | null
  pieces: TextPiece[]
}

/** Where a text was read back from. */
export interface StoredOrigin {
  target: string
  changeSetId: string
  /** When it was cut, ISO 8601. */
  cutAt: string
  /** When it came into force; null while its units are drafts. */
  inForceSince: string | null
}

export interface TextPiece extends ScanRecord {
  text: string
  /** The unit's permanent identity; null for a piece that no unit of a target holds. */
  unit: { unitId: string; versionId: string; versionSeq: number; lifecycleStatus: string } | null
}

/** Keeps a byte-order mark: it is part of the text. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export function listTextPieces(bytes: Uint8Array, { records }: Scan): TextPiece[] {
  return records.map((record) => ({
    ...record,
    text: utf8.decode(bytes.subarray(record.start, record.end)),
    unit: null,
  }))
}
