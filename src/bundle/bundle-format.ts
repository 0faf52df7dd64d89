import type { BundleFault } from './bundle-fault.ts'
import type { RunRecord } from './run-record.ts'
import type { Files } from './tar.ts'

/**
 * What differs between the formats of evidence bundles. Each format reads files into a record, and derives from a record what
 * `verify` compares byte by byte. The checks of a record are the same for all formats.
 */
export interface BundleFormat {
  format: number
  /** Reads the files of a bundle as a record. Checks only shapes. */
  readRecord(files: Files): { record: RunRecord } | { fault: BundleFault }
  /** All files that the record gives, with the manifest. `verifyText` is the content of VERIFY.md. */
  bundleFiles(record: RunRecord, verifyText: string): Files
  /** The content of VERIFY.md. */
  verifyText(record: RunRecord): string
}
