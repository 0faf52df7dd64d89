import type { Home } from '../../app/open-home.ts'

/** For which RP ids passkeys count. */
export interface PasskeyIds {
  /** Those that policies in cutter.yaml name, by name; null when none does, so that the name of the page’s host is one. */
  rpIds: string[] | null
}

/**
 * Reads for which RP ids a new passkey is worth making.
 * @throws CONFIG_INVALID
 */
export async function readPasskeyIds(home: Home): Promise<PasskeyIds> {
  const { approvals } = await home.config()
  const named = Object.values(approvals.policy).flatMap(({ rpIds = [] }) => rpIds)
  return { rpIds: named.length === 0 ? null : [...new Set(named)].sort() }
}
