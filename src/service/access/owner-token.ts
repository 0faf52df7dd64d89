import { timingSafeEqual } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TokenScope } from '../../domain/token.ts'
import { digestOfToken, isToken, makeToken } from '../tokens/token-text.ts'

/** The token of the home's owner, for as long as the service runs. */
export interface OwnerToken {
  /** Whether a text is that token. */
  is(text: string): boolean
  scope: TokenScope
  remove(): void
}

/**
 * Makes the token with which whoever owns the home calls the service, in `var/owner-token`. Only the user who runs the service can read the
 * file, and that user can do everything that the service can, so the token gives nobody a right.
 * @param name the name of that user
 */
export function makeOwnerToken(folder: string, name: string): OwnerToken {
  const file = join(folder, 'var', 'owner-token')
  const token = makeToken()
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${token}\n`, { mode: 0o600 })
  renameSync(draft, file)
  const digest = Buffer.from(digestOfToken(token), 'hex')
  return {
    is: (text) => isToken(text) && timingSafeEqual(Buffer.from(digestOfToken(text), 'hex'), digest),
    scope: { name, role: 'admin', machines: null, runId: null, isOwner: true },
    remove: () => rmSync(file, { force: true }),
  }
}
