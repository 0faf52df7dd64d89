import { exchange } from '../../client/ask-service.ts'
import type { FoundService } from '../../client/find-service.ts'
import { CutterError } from '../../domain/errors.ts'
import type { GlobalOptions } from '../define-command.ts'
import type { Session } from '../session.ts'
import type { StatementOptions } from './statement-options.ts'

/**
 * Signs what the service composes, with a key of this user, and brings the signature there. The key is never sent. Resolves to the exit code.
 * @throws ClientError, and what `signStatement` throws
 */
export async function signForService(
  session: Session,
  service: FoundService,
  run: string,
  options: StatementOptions & { key: string; shown?: string },
): Promise<number> {
  const { as, decision, reason, key, shown } = options
  return signComposed(session, service, options, {
    compose: ['approval', 'statement', run, '--as', as, '--decision', decision, '--reason', reason],
    bring: ['approval', 'import'],
    async sign(statement) {
      assertAsShown(statement, shown)
      const { signStatement } = await import('../../service/approvals/sign-statement.ts')
      return signStatement(session.home, { statement, key })
    },
  })
}

/**
 * Countersigns a closeout in the same way.
 * @throws as `signForService`
 */
export async function countersignForService(
  session: Session,
  service: FoundService,
  run: string,
  options: GlobalOptions & { as: string; key: string },
): Promise<number> {
  const { as, key } = options
  const command = ['approval', 'countersign', run, '--as', as]
  return signComposed(session, service, options, {
    compose: command,
    bring: command,
    async sign(statement) {
      const { signCloseoutStatement } = await import('../../service/approvals/sign-statement.ts')
      return signCloseoutStatement(session.home, { statement, key })
    },
  })
}

interface Signing {
  /** The command that prints the bytes to sign. */
  compose: string[]
  /** The command that takes them with their signature. */
  bring: string[]
  sign(statement: string): Promise<string>
}

async function signComposed(
  { io }: Session,
  service: FoundService,
  { json, home }: GlobalOptions,
  { compose, bring, sign }: Signing,
): Promise<number> {
  const global = [...(json === true ? ['--json'] : []), ...(home === undefined ? [] : ['--home', home])]
  const parts: Buffer[] = []
  const code = await exchange(service, [...compose, ...global], {
    // A part of the answer is overwritten by the next one.
    out: (bytes) => void parts.push(Buffer.from(bytes)),
  })
  const composed = Buffer.concat(parts)
  if (code !== 0) {
    io.outExactly(composed)
    return code
  }
  const statement = composed.toString()
  const files = { statement, signature: await sign(statement) }
  const names = ['--statement', 'statement', '--signature', 'signature']
  return exchange(service, [...bring, ...names, ...global], { files })
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
