import { exchange } from '../../client/ask-service.ts'
import type { FoundService } from '../../client/find-service.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Session } from '../session.ts'
import type { StatementOptions } from './statement-options.ts'

/**
 * Signs what the service composes, with a key of this user, and brings the signature there. The key is never sent. Resolves to the exit code.
 * @throws ClientError, and what `signStatement` throws
 */
export async function signForService(
  { home, io }: Session,
  service: FoundService,
  run: string,
  options: StatementOptions & { key: string; shown?: string },
): Promise<number> {
  const global = [
    ...(options.json === true ? ['--json'] : []),
    ...(options.home === undefined ? [] : ['--home', options.home]),
  ]
  const { as, decision, reason, key } = options
  const compose = ['approval', 'statement', run, '--as', as, '--decision', decision, '--reason', reason]
  const parts: Buffer[] = []
  const code = await exchange(service, [...compose, ...global], {
    // A part of the answer is overwritten by the next one.
    out: (bytes) => void parts.push(Buffer.from(bytes)),
  })
  const statement = Buffer.concat(parts)
  if (code !== 0) {
    io.outExactly(statement)
    return code
  }
  assertAsShown(statement.toString(), options.shown)
  const { signStatement } = await import('../../service/approvals/sign-statement.ts')
  const signature = await signStatement(home, { statement: statement.toString(), key })
  const names = ['--statement', 'statement', '--signature', 'signature']
  return exchange(service, ['approval', 'import', ...names, ...global], {
    files: { statement: statement.toString(), signature },
  })
}

/** A person signs the plan that was read, and no other. */
function assertAsShown(statement: string, shown: string | undefined): void {
  if (shown === undefined) return
  const { runId, planDigest } = JSON.parse(statement) as { runId: string; planDigest: string }
  if (planDigest === shown) return
  throw new CutterError(
    'APPROVAL_REFUSED',
    `run ${runId} has moved: the plan that was shown is ${shown}, and now it is ${planDigest}; nothing was signed`,
    { next: `cutter run review ${runId}`, data: { runId } },
  )
}
