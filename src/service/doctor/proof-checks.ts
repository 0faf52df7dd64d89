import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { askAuthority } from '../../app/proofs/ask-authority.ts'
import { logKeyOf } from '../../app/proofs/instance-log.ts'
import { formatNoteKey } from '../../domain/signed-note.ts'
import { openTools } from '../../tools/open-tools.ts'
import { type Finding, okay, warning } from './finding.ts'

/** Shows the key of the log of closeouts, where cutter.yaml names witnesses: each of them must know it. Sends nothing. */
export async function checkEvidenceLog({ home, config }: Pick<App, 'home' | 'config'>): Promise<Finding[]> {
  const { log } = config.evidence
  if (log === undefined) return []
  const { key } = await logKeyOf(join(home, 'var'), hostname(), log.origin)
  return [okay('log of closeouts', `each witness must know ${log.origin} by ${formatNoteKey(key)}`)]
}

/** Asks the time-stamping authority that cutter.yaml names for a token over a random digest. Its silence is a warning, because no run waits for it. */
export async function checkTimestampAuthority(
  { config }: Pick<App, 'config'>,
  interrupt: AbortSignal,
): Promise<Finding[]> {
  const { timestamp } = config.evidence
  if (timestamp === undefined) return []
  const digest = `sha256:${randomBytes(32).toString('hex')}`
  try {
    await askAuthority(openTools(config.tools), { url: timestamp.url, digest, interrupt })
    return [okay('time-stamping authority', `${timestamp.url} answers with a valid token`)]
  } catch (error) {
    return [
      warning(
        'time-stamping authority',
        `${(error as Error).message}; no run waits for it, and its approvals and closeouts lack a time token`,
        'check evidence.timestamp.url, and that this host reaches it',
      ),
    ]
  }
}
