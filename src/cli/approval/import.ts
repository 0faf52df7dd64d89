import type { Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printKeptApproval } from './approval-lines.ts'

/**
 * `cutter approval import`: keeps an approval that was signed where there is no Cutter. A wrong signature is refused. If the gate would
 * refuse the approval now, it is kept, with a warning on stderr and exit code 0.
 */
export function defineImport(group: Command): void {
  defineCommand(
    group,
    'import',
    'keep an approval that was signed elsewhere',
    'cutter approval import --statement statement.json --signature statement.json.sig',
  )
    .requiredOption('--statement <file>', 'the signed bytes, as cutter approval statement printed them')
    .requiredOption('--signature <file>', 'the signature that ssh-keygen -Y sign made of them')
    .action(action(importIt))
}

function importIt(options: GlobalOptions & { statement: string; signature: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { importApproval } = await import('../../service/approvals/import.ts')
    const { statement, signature } = options
    return printKeptApproval(
      io,
      await importApproval(home, { statement: { file: statement }, signature: { file: signature } }),
    )
  })
}
