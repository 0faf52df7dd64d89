import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { TARGET } from './target-lines.ts'

/**
 * `cutter target init`: applies the migrations of `migrations/target` that a target lacks, as its owner. The same command again changes
 * nothing.
 */
export function defineInit(group: Command): void {
  defineCommand(
    group,
    'init',
    'create Cutter’s tables, functions and roles in a target',
    'cutter target init main',
  )
    .argument('[target]', TARGET, 'embedded')
    .action(action(init))
}

function init(target: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { initTarget } = await import('../../service/targets/init.ts')
    const initialised = await initTarget(home, { target })
    const { applied, already } = initialised
    printAnswer(io, initialised, () => [
      applied.length === 0
        ? `target ${target} was ready already (${already.length} migrations)`
        : `target ${target} is ready: applied ${applied.join(', ')}`,
    ])
    return 0
  })
}
