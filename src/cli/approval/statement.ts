import type { Command } from 'commander'
import { action } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printPlanToSign } from './plan-to-sign.ts'
import { printAbandoned } from './print-abandoned.ts'
import { AS, defineStatementCommand, type StatementOptions } from './statement-options.ts'

/**
 * `cutter approval statement`: prints the bytes that an approver signs on a machine without Cutter. `cutter approval import` brings the
 * signature back.
 */
export function defineStatement(group: Command): void {
  defineStatementCommand(
    group,
    'statement',
    'print the bytes to sign, without a final newline',
    'cutter approval statement 0f3a9c1d --as alice@example.org > statement.json',
  )
    .requiredOption(...AS)
    .action(action(statement))
}

/** Prints the plan for people on stderr, and on stdout nothing but the bytes, so that they can be signed: `… > statement.json && ssh-keygen -Y sign -n cutter.cut.SG1 …`. */
function statement(run: string, options: StatementOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { composeApproval } = await import('../../service/approvals/statement.ts')
    const { as, decision, reason } = options
    const plan = await printPlanToSign({ home, io }, { run, as, decision })
    const shown = decision === 'abandon' ? null : plan
    const text = await composeApproval(home, { run, as, decision, reason, shown })
    await printAbandoned(home, io, JSON.parse(text))
    io.outExactly(text)
    return 0
  })
}
