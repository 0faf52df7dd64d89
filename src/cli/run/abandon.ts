import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  reason?: string
  as?: string
  key?: string
  approval?: string
  by?: string
}

/**
 * `cutter run abandon`: the last way out of a run. It needs neither the machine nor the target. A live run needs a signed statement with the
 * decision `abandon`. Exit code 3, because the run did not succeed.
 */
export function defineAbandon(group: Command): void {
  defineCommand(
    group,
    'abandon',
    'close a run that cannot be settled as abandoned, by a signed statement',
    'cutter run abandon 0f3a9c1d --approval ap-4e1f6f0d0f3a9c1d4e1f6f0d0f3a9c1d',
  )
    .argument('<run>', RUN)
    .option('--reason <text>', 'the reason, for a statement that is made now')
    .option('--as <principal>', 'the principal who abandons the run, as listed in allowed_signers')
    .option('--key <file>', 'private key, or the public key of one that an agent holds')
    .option('--approval <id>', 'a statement with the decision abandon, instead of --as and --key')
    .option(...BY)
    .action(action(abandonIt))
}

function abandonIt(run: string, options: Options): Promise<number> {
  return inHome(options, async (session) => {
    const { home, io } = session
    const { abandonRun } = await import('../../service/runs/abandon.ts')
    const { reason, as, key, approval, by } = options
    if (as !== undefined && key !== undefined && approval === undefined) {
      const { decideForService } = await import('./decide-for-service.ts')
      const code = await decideForService(session, { ...options, run, as, key, decision: 'abandon' })
      if (code !== null) return code
    }
    const answer = await abandonRun(home, { run, reason, as, key, approval, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
