import type { Home } from '../../app/open-home.ts'
import { diffWords, type WordChange } from '../../document/diff/word-diff.ts'
import { type HeldVersion, readVersions } from '../../targets/postgres/read-documents.ts'
import { followAlias } from './follow-alias.ts'
import { type ByRun, byRun, nothingThereError, readInForce } from './read-in-force.ts'

/** What `document history --json` prints. */
export interface UnitHistory {
  target: string
  address: string
  /** The alias that was asked for and led to `address`; null if none was followed. */
  alias: string | null
  /** The newest first. */
  versions: (ByRun<HeldVersion> & {
    /** The text in stretches that were removed, were added or stayed the same; null for the first version. */
    changes: WordChange[] | null
  })[]
}

/**
 * Reads all versions of a unit, with what changed in each.
 * @throws INPUT_REFUSED when the target has no such unit; and what `readInForce` throws
 */
export async function readUnitHistory(
  home: Home,
  { address, target }: { target: string; address: string },
): Promise<UnitHistory> {
  return readInForce(home, { target }, async (sql, { asOf }) => {
    const own = await readVersions(sql, address)
    const followed = own.length === 0 ? await followAlias(sql, asOf, address) : null
    // A text that was divided has no history of its own; its first part has that of a unit.
    const unit = followed?.addresses[0] ?? address
    const versions = followed === null ? own : await readVersions(sql, unit)
    if (versions.length === 0) throw nothingThereError(`target ${target} has no unit ${address}`)
    const compared = versions.map((version, index) => ({
      ...byRun(version),
      changes: index === 0 ? null : diffWords(versions[index - 1]!.text, version.text),
    }))
    return { target, address: unit, alias: followed?.alias ?? null, versions: compared.reverse() }
  })
}
