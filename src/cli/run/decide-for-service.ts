import { apiOf } from '../../client/api-over-socket.ts'
import { exchange } from '../../client/ask-service.ts'
import type { Decision } from '../../domain/approval.ts'
import type { GlobalOptions } from '../define-command.ts'
import { findLiveService } from '../live-service.ts'
import type { Session } from '../session.ts'

interface DecideOptions extends GlobalOptions {
  run: string
  as: string
  /** Path of the private key, or of the public key of one that an agent holds. It is never sent. */
  key: string
  decision: Extract<Decision, 'void' | 'abandon'>
  reason?: string
  by?: string
}

/**
 * Voids or abandons a run of a service, by a statement that is signed here, with a key of this user. The service has the last word, as by
 * `--approval`. Resolves to the exit code; null where this process works on the home.
 * @throws ClientError, and what `signStatement` throws
 */
export async function decideForService({ home }: Session, given: DecideOptions): Promise<number | null> {
  const service = home.isServed ? null : await findLiveService()
  if (service === null) return null
  const { run, as, key, decision, reason, by, json, home: folder } = given
  const command = [
    ...['run', decision, run],
    ...(reason === undefined ? [] : ['--reason', reason]),
    ...(by === undefined ? [] : ['--by', by]),
    ...(json === true ? ['--json'] : []),
    ...(folder === undefined ? [] : ['--home', folder]),
  ]
  const api = apiOf(service)
  const { runId, status, mode } = await api.getRunsByRun({ run })
  // A dry run takes a rehearsal.
  if (mode === 'dry-run') return exchange(service, [...command, '--as', as])
  // What is answered without a signature is answered there: a closed run as it is, and to void one that waits at no gate is refused.
  if (status === 'closed' || (decision === 'void' && status !== 'paused')) return exchange(service, command)
  const statement = await api.postRunsByRunStatement({ run: runId, as, decision, reason: reason ?? '' })
  const { signStatement } = await import('../../service/approvals/sign-statement.ts')
  const signature = await signStatement(home, { statement, key })
  const { approvalId } = await api.postApprovals({ statement, signature })
  return exchange(service, [...command, '--approval', approvalId])
}
