import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter migrate new`: creates the files of a migration bundle with instructions in them. It refuses a folder that is not empty. */
export function defineNew(group: Command): void {
  defineCommand(
    group,
    'new',
    'create a migration bundle to fill in',
    'cutter migrate new migrations/units-review',
  )
    .argument('<folder>', 'a folder that is new or empty')
    .action(action(create))
}

function create(folder: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { createMigration } = await import('../../service/migrations/new.ts')
    const created = await createMigration(home, { folder })
    printAnswer(io, created, () => [
      `created ${created.bundle}: ${created.files.join(', ')}`,
      `next: fill them in, then cutter migrate lint ${folder}`,
    ])
    return 0
  })
}
