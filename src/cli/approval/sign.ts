import type { Command } from 'commander'
import { action } from '../define-command.ts'
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
  return inHome(options, async ({ home, io }) => {
    const { signApproval } = await import('../../service/approvals/sign.ts')
    const { as, decision, reason, key } = options
    await printPlanToSign({ home, io }, { run, as, decision })
    const kept = await signApproval(home, { run, as, decision, reason, key })
    await printAbandoned(home, io, kept.approval)
    return printKeptApproval(io, kept)
  })
}
