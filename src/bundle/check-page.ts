import { REPORT } from './bundle-paths.ts'
import type { RenderPage, RunRecord } from './run-record.ts'

/**
 * Makes the page about the run again from the record, and compares. Another page is no fault, because versions of Cutter word it differently;
 * a sentence warns of it. Null when the bundle has no page, or the same one.
 */
export async function describeOtherPage(record: RunRecord, renderPage: RenderPage): Promise<string | null> {
  const bytes = record.optionalParts.get(REPORT)
  if (bytes === undefined) return null
  // A forged record may hold what no page can show.
  const page = await renderPage(record).catch(() => null)
  if (page !== null && Buffer.from(page).equals(Buffer.from(bytes))) return null
  return `${REPORT} is not the page that this version of Cutter makes of this run, and nothing vouches for what it shows: another version made it, or somebody changed it`
}
