import type { BundleFormat } from '../bundle-format.ts'
import { bundleFiles } from './bundle-files.ts'
import { readRecord } from './read-record.ts'
import { verifyText } from './verify-text.ts'

/**
 * Format 1: bundles without a format number. Its schemas, the files that a record gives, the closeout (`urn:cutter:closeout:v1`) and the text of VERIFY.md are
 * frozen in this folder, because `verify` derives them again and compares bytes. Nothing in this folder may change. The checks
 * themselves are those of every format.
 */
export const FORMAT_1: BundleFormat = { format: 1, readRecord, bundleFiles, verifyText }
