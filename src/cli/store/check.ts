import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/**
 * `cutter store check`: reads every page of the store and checks every run in it. Changes nothing. Exit code 1 when something does not hold.
 */
export function defineCheck(group: Command): void {
  defineCommand(
    group,
    'check',
    'read every page of the store, and check every run in it',
    'cutter store check',
  ).action(action(check))
}

function check(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { checkStore } = await import('../../service/store/check.ts')
    const checked = await checkStore(home)
    const { runs, entries, faults } = checked
    printAnswer(io, checked, () => [
      `holds   ${runs} runs, ${entries} entries, each checked`,
      ...faults.map((fault) => `fault   ${fault}`),
    ])
    return faults.length === 0 ? 0 : 1
  })
}
