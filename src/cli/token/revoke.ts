import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { lineOfToken } from './token-lines.ts'

/** `cutter token revoke`: revokes a token at once. Exit code 0 also when it was revoked before. */
export function defineRevoke(group: Command): void {
  defineCommand(group, 'revoke', 'revoke a token at once', 'cutter token revoke deploybot')
    .argument('<token>', 'id of the token, or the name of one that counts')
    .option(...BY)
    .action(action(revoke))
}

function revoke(token: string, options: GlobalOptions & { by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { revokeToken } = await import('../../service/tokens/revoke.ts')
    const revoked = await revokeToken(home, { token, by: options.by })
    printAnswer(io, revoked, () => [lineOfToken(revoked)])
    return 0
  })
}
