import { hostname } from 'node:os'
import { join } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { logKeyOf } from '../../app/proofs/instance-log.ts'
import { formatNoteKey } from '../../domain/signed-note.ts'
import { type Finding, okay } from './finding.ts'

/** Shows the key of the log of closeouts, where cutter.yaml names witnesses: each of them must know it. Sends nothing. */
export async function checkEvidenceLog({ home, config }: Pick<App, 'home' | 'config'>): Promise<Finding[]> {
  const { log } = config.evidence
  if (log === undefined) return []
  const { key } = await logKeyOf(join(home, 'var'), hostname(), log.origin)
  return [okay('log of closeouts', `each witness must know ${log.origin} by ${formatNoteKey(key)}`)]
}
