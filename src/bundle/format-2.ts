import { bundleFiles } from './bundle-files.ts'
import type { BundleFormat } from './bundle-format.ts'
import { readRecord } from './read-bundle.ts'
import { verifyInstructions } from './verify-instructions.ts'

/**
 * Format 2, which this version writes when the key of the instance is its first one. Its schemas have room for what such a bundle of today does
 * not hold: the outcome `abandoned`, a list of unsettled writes, and the files of src/bundle/optional-parts.ts. Everything else is strict.
 */
export const FORMAT_2: BundleFormat = { format: 2, readRecord, bundleFiles, verifyText: verifyInstructions }

/** Format 2 and at least one rotation of the instance's key. Earlier versions refuse it by its number. */
export const FORMAT_3: BundleFormat = { ...FORMAT_2, format: 3 }

/** Format 2 or 3 with a statement that abandons the run, and of an abandoned run with the writes that it leaves unsettled. */
export const FORMAT_4: BundleFormat = { ...FORMAT_2, format: 4 }
