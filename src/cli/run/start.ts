import type { Command } from 'commander'
import type { Mode } from '../../domain/run.ts'
import { MACHINE_NAMES } from '../../service/machines/shipped-machines.ts'
import { printRun } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'
import { defineStartFlags, readInputFlags, readStartKey } from './input-flags.ts'

/**
 * `cutter run start`: starts a run of a machine, which works until it pauses, stops or closes. The machine's input schema gives the flags,
 * so they are parsed after the machine is known. The same `--key` and input return the same run.
 */
export function defineStart(group: Command): void {
  const command = defineCommand(
    group,
    'start',
    'start a run; the machine’s input gives its flags (see: cutter run start cut --help)',
    'cutter run start cut --document CHARTER --source charter.md\n  cutter run start cut --help',
  )
  command
    .argument(
      '<machine>',
      `${MACHINE_NAMES.join(', ')}, a name in cutter.yaml, or the path of a module of your own`,
    )
    .argument('[flags...]', 'the input of the machine, and --mode, --key, --by')
    .allowUnknownOption()
    .helpOption(false)
    .action(
      action((machine: string, flags: string[], options: GlobalOptions) => {
        // Flags belong to a machine, so one in the place of its name belongs to none.
        if (['--help', '-h'].includes(machine)) command.help()
        if (machine.startsWith('-')) command.error("error: missing required argument 'machine'")
        return start(machine, flags, options)
      }),
    )
}

interface StartOptions {
  mode: Mode
  key?: string
  by?: string
  [field: string]: unknown
}

function start(given: string, args: string[], options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const [{ startRun }, { findStartMachine }] = await Promise.all([
      import('../../service/runs/start.ts'),
      import('../../service/runs/start-machine.ts'),
    ])
    const machine = await findStartMachine(home, given, readStartKey(args))
    const flags = defineStartFlags(machine).parse(args, { from: 'user' }).opts<StartOptions>()
    const { mode, key, by } = flags
    const input = readInputFlags(machine.fields, flags)
    const run = await startRun(home, { machine, input, mode, key, by })
    printRun(io, run)
    return exitOfRun(run)
  })
}
