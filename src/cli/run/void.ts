import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  reason: string
  as?: string
  key?: string
  approval?: string
  by?: string
}

/**
 * `cutter run void`: withdraws a run that waits at a gate, by a signed statement, which a dry run does not need. Exit code 3, because the
 * run did not succeed.
 */
export function defineVoid(group: Command): void {
  defineCommand(
    group,
    'void',
    'close a run that waits at a gate as voided, by a signed statement',
    'cutter run void 0f3a9c1d --reason "withdrawn" --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .argument('<run>', RUN)
    .requiredOption('--reason <text>', 'the reason; it is part of the statement and of the history')
    .option('--as <principal>', 'the principal who voids the run, as listed in allowed_signers')
    .option('--key <file>', 'private key, or the public key of one that an agent holds')
    .option(
      '--approval <id>',
      'a statement that was signed elsewhere and imported, instead of --as and --key',
    )
    .option(...BY)
    .action(action(voidIt))
}

function voidIt(run: string, options: Options): Promise<number> {
  return inHome(options, async (session) => {
    const { home, io } = session
    const { voidRun } = await import('../../service/runs/void.ts')
    const { reason, as, key, approval, by } = options
    if (as !== undefined && key !== undefined && approval === undefined) {
      const { decideForService } = await import('./decide-for-service.ts')
      const code = await decideForService(session, { ...options, run, as, key, decision: 'void' })
      if (code !== null) return code
    }
    const answer = await voidRun(home, { run, reason, as, key, approval, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
