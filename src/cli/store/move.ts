import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  to: string
  leaveFaulty?: boolean
}

/** `cutter store move`: copies all runs of a home into the other kind of store, and compares each copy. The old store is kept. */
export function defineMove(group: Command): void {
  defineCommand(
    group,
    'move',
    'move all runs into PostgreSQL, or back into a file, and compare each copy; the old store is kept',
    'cutter store move --to postgres',
  )
    .requiredOption('--to <store>', 'postgres (the URL in CUTTER_STORE_URL, or as in cutter.yaml) or sqlite')
    .option('--leave-faulty', 'leave runs whose record does not hold in the old store')
    .action(action(move))
}

function move(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { moveStore } = await import('../../service/store/move.ts')
    const moved = await moveStore(home, { to: options.to, leaveFaulty: options.leaveFaulty === true })
    const { runs, entries, left, store, old, next } = moved
    printAnswer(io, moved, () => [
      `moved   ${runs} runs, ${entries} entries, each compared with its original`,
      `store   ${store}`,
      `before  ${old ?? 'none'}`,
      ...left.map((runId) => `left    ${runId}: its record does not hold`),
      ...(next === null ? [] : [`next    ${next}`]),
    ])
    return 0
  })
}
