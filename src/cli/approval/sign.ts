import type { Command } from 'commander'
import type { Home } from '../../app/open-home.ts'
import type { ComposeApprovalInput } from '../../service/approvals/statement.ts'
import { action } from '../define-command.ts'
import type { Io } from '../io.ts'
import { inHome } from '../session.ts'
import { printKeptApproval } from './approval-lines.ts'
import { printPlanToSign } from './plan-to-sign.ts'
import { printAbandoned } from './print-abandoned.ts'
import { AS, defineStatementCommand, KEY, type StatementOptions } from './statement-options.ts'

/**
 * `cutter approval sign`: prints the plan for people on stderr, signs it with the approver's own key, and keeps the approval. The run stays where it
 * is. If the gate would refuse the approval now, it is kept, with a warning on stderr and exit code 0.
 */
export function defineSign(group: Command): void {
  defineStatementCommand(
    group,
    'sign',
    'sign and keep an approval',
    'cutter approval sign 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .requiredOption(...AS)
    .requiredOption(...KEY)
    .action(action(sign))
}

function sign(run: string, options: StatementOptions & { key: string }): Promise<number> {
  return inHome(options, async (session) => {
    const { home, io } = session
    const [{ findLiveService }, { signForService }] = await Promise.all([
      import('../live-service.ts'),
      import('./sign-for-service.ts'),
    ])
    const service = await findLiveService()
    if (service !== null) return signForService(session, service, run, options)
    const { signApproval } = await import('../../service/approvals/sign.ts')
    const { as, decision, reason, key } = options
    const plan = await printPlanToSign({ home, io }, { run, as, decision })
    const given = { run, as, decision, reason }
    const shown = decision === 'abandon' ? await showAbandoned({ home, io }, given) : plan
    return printKeptApproval(io, await signApproval(home, { ...given, key, shown }))
  })
}

/** Prints what is to be abandoned, and returns the digest of that list. */
async function showAbandoned(
  { home, io }: { home: Home; io: Io },
  given: ComposeApprovalInput,
): Promise<string> {
  const { composeApproval } = await import('../../service/approvals/statement.ts')
  const statement = JSON.parse(await composeApproval(home, given))
  await printAbandoned(home, io, statement)
  return statement.planDigest
}
