import { exchange } from '../../client/ask-service.ts'
import type { FoundService } from '../../client/find-service.ts'
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
  options: StatementOptions & { key: string },
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
  const { signStatement } = await import('../../service/approvals/sign-statement.ts')
  const signature = await signStatement(home, { statement: statement.toString(), key })
  const names = ['--statement', 'statement', '--signature', 'signature']
  return exchange(service, ['approval', 'import', ...names, ...global], {
    files: { statement: statement.toString(), signature },
  })
}
