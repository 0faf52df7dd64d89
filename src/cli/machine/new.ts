import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter machine new`: creates a machine that works, with types and a test, to be changed into one's own. It overwrites nothing. */
export function defineNew(group: Command): void {
  defineCommand(
    group,
    'new',
    'create a machine of your own, with types and a test',
    'cutter machine new rotate-keys',
  )
    .argument('<name>', 'the name of the machine, or a new folder of that name')
    .action(action(create))
}

function create(name: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { createMachine } = await import('../../service/machines/new.ts')
    const created = await createMachine(home, { name })
    const file = `${created.folder}/${created.machine}.ts`
    printAnswer(io, created, () => [
      `created ${created.folder}: ${created.files.join(', ')}`,
      `next: change it into yours, then cutter machine test ${file}`,
    ])
    return 0
  })
}
