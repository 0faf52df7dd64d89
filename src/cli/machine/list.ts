import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/**
 * `cutter machine list`: lists the machines that ship, those of `cutter.yaml`, and those that runs of this home were started with. A
 * machine that can't be loaded is listed with its error, and the exit code stays 0.
 */
export function defineList(group: Command): void {
  defineCommand(group, 'list', 'list all known machines with their gates', 'cutter machine list').action(
    action(list),
  )
}

function list(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listMachines } = await import('../../service/machines/list.ts')
    const machines = await listMachines(home)
    printAnswer(io, machines, () =>
      formatTable(
        ['MACHINE', 'VERSION', 'DEFINITION', 'GATES', 'FROM'],
        machines.map(({ name, version, definitionDigest, gates, from, error }) => [
          name,
          version ?? '-',
          definitionDigest?.slice(0, 'sha256:'.length + 12) ?? '-',
          gates.join(' ') || '-',
          error === undefined ? from : `${from}: ${error}`,
        ]),
        io.width,
      ),
    )
    return 0
  })
}
