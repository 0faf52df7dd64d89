import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/**
 * `cutter machine check`: answers after an upgrade of Cutter or of a custom machine whether every open run can continue. Exit code 3 when a
 * run can't, with the reason below the table.
 */
export function defineCheck(group: Command): void {
  defineCommand(
    group,
    'check',
    'check whether the installed machines can continue every open run; exit code 3 if not',
    'cutter machine check',
  )
    .argument('[file]', 'a module that is not installed yet: would it strand open runs of its machine?')
    .option(
      '--load-changed',
      'also load modules that changed and name an upgrade, and try it; runs their code',
    )
    .action(action(check))
}

interface Options extends GlobalOptions {
  loadChanged?: boolean
}

function check(file: string | undefined, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { checkMachines } = await import('../../service/machines/check.ts')
    const { runs, notContinued } = await checkMachines(home, {
      loadChanged: options.loadChanged === true,
      file,
    })
    const rows = runs.map(({ runId, machine, version, status, state, verdict }) => [
      runId,
      `${machine} ${version}`,
      status ?? '-',
      state ?? '-',
      verdict,
    ])
    printAnswer(io, runs, () =>
      runs.length === 0
        ? ['no run is open']
        : [
            ...formatTable(['RUN', 'MACHINE', 'STATUS', 'STATE', 'VERDICT'], rows, io.width),
            ...fitLines(
              runs.flatMap(({ why }) => why ?? []),
              { width: io.width, hang: 2 },
            ),
          ],
    )
    return notContinued === 0 ? 0 : 3
  })
}
