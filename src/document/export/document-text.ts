import type { Scan } from '../scan.ts'
import type { ScanRecord } from '../structure/records.ts'

/** A document for export. Its pieces, one after the other, are the complete text. */
export interface DocumentText {
  document: string
  /** Null for a file, which was not read from a target. */
  sourceVersionId: string | null
  /** 64 hex digits, of the complete text in UTF-8. */
  sha256: string
  bytes: number
  /** Null if the text was read from a target and no profile finds the same units in it. */
  profile: string | null
  stored: StoredOrigin | null
  pieces: TextPiece[]
}

/** The origin of a text that was read from a target. */
interface StoredOrigin {
  target: string
  changeSetId: string
  /** Time of the cut, ISO 8601. */
  cutAt: string
  /** Time at which it came into force, ISO 8601; null while its units are drafts. */
  inForceSince: string | null
}

/** A record with its text. */
export interface TextPiece extends ScanRecord {
  text: string
  /** The permanent identity of the unit in the target; null if no unit of a target has this text. */
  unit: { unitId: string; versionId: string; versionSeq: number; lifecycleStatus: string } | null
}

/** Keeps a byte-order mark, which is part of the text. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Lists the records of a scan with their texts. */
export function listTextPieces(bytes: Uint8Array, { records }: Scan): TextPiece[] {
  return records.map((record) => ({
    ...record,
    text: utf8.decode(bytes.subarray(record.start, record.end)),
    unit: null,
  }))
}
