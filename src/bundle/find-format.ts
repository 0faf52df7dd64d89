import { type BundleFault, bundleFault } from './bundle-fault.ts'
import type { BundleFormat } from './bundle-format.ts'
import { RUN } from './bundle-paths.ts'
import { FORMAT_1 } from './format-1/index.ts'
import { FORMAT_2, FORMAT_3, FORMAT_4 } from './format-2.ts'
import type { Files } from './tar.ts'

const FORMATS = [FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4]

/**
 * The format that a bundle names in `run.json`, its record file. A bundle that names none has format 1. The fault is FORMAT_UNKNOWN
 * for a number that this version of Cutter does not know. What is no JSON at all is left to the schemas of format 2.
 */
export function findFormat(files: Files): { format: BundleFormat } | { fault: BundleFault } {
  const named = formatNamedIn(files)
  const format = named === undefined ? FORMAT_1 : FORMATS.find((one) => one.format === named && named !== 1)
  if (format !== undefined) return { format }
  const known = FORMATS.map((one) => one.format)
    .join(', ')
    .replace(/, (\d+)$/, ' and $1')
  const message = `the bundle has the format ${JSON.stringify(named)}; this version of Cutter reads the formats ${known}`
  return { fault: bundleFault('FORMAT_UNKNOWN', RUN, message) }
}

function formatNamedIn(files: Files): unknown {
  const bytes = files.get(RUN)
  if (bytes === undefined) return FORMAT_2.format
  try {
    return (JSON.parse(Buffer.from(bytes).toString('utf8')) as { format?: unknown } | null)?.format
  } catch {
    return FORMAT_2.format
  }
}
