import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { inHome } from '../session.ts'
import { lineOfToken } from './token-lines.ts'

/** `cutter token list`: lists all tokens that were ever made, without the tokens themselves. */
export function defineList(group: Command): void {
  defineCommand(
    group,
    'list',
    'list all tokens with role, end and last use, without the tokens themselves',
    'cutter token list',
  ).action(action(list))
}

function list(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listTokens } = await import('../../service/tokens/list.ts')
    const tokens = await listTokens(home)
    printAnswer(io, tokens, () =>
      tokens.length === 0
        ? ['no tokens']
        : fitLines(
            tokens.map((token) => `${lineOfToken(token)}, last used ${token.lastUsedAt ?? 'never'}`),
            { width: io.width, hang: 4 },
          ),
    )
    return 0
  })
}
