import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/** `cutter target list`: lists the databases by their names. Connects to none of them. */
export function defineList(group: Command): void {
  defineCommand(
    group,
    'list',
    'list the databases that can be named as a target',
    'cutter target list',
  ).action(action(list))
}

function list(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listTargets } = await import('../../service/targets/list.ts')
    const listed = await listTargets(home)
    printAnswer(io, listed, () =>
      formatTable(
        ['TARGET', 'TAKES', 'SERVER'],
        listed.map(({ target, takes, isEmbedded }) => [
          target,
          takes.join(', '),
          isEmbedded ? 'Cutter’s own' : 'cutter.yaml',
        ]),
        io.width,
      ),
    )
    return 0
  })
}
