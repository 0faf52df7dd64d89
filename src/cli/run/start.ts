import { Command, Option } from 'commander'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { Mode } from '../../domain/run.ts'
import type { MachineDefinition } from '../../machine/define.ts'
import { type CommonOptions, command, holdOf } from '../command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answerRun } from '../io.ts'
import { leaf } from '../leaf.ts'

interface StartFlags extends CommonOptions {
  mode: Mode
  key?: string
  by?: string
  [input: string]: unknown
}

/** `run start <machine>`: the machine's input schema gives the flags, so they are parsed once the machine is known. */
export async function runStart(name: string, args: string[]): Promise<number> {
  const { cut } = await import('../../../machines/cut.ts')
  const known: { [name: string]: MachineDefinition } = { cut }
  const machine = known[name]
  if (machine === undefined) {
    return command({ json: args.includes('--json') }, () => {
      throw new CutterError('MACHINE_NOT_FOUND', `there is no machine ${name}; nothing was started`, {
        next: `known are: ${Object.keys(known).join(', ')}`,
      })
    })
  }
  const flags = startCommand(machine).parse(args, { from: 'user' }).opts<StartFlags>()
  return command(flags, async ({ app, io, store }) => {
    const { mode, key, by } = flags
    const input: { [key: string]: Json } = {}
    for (const field of Object.keys(machine.input.shape)) {
      if (flags[field] !== undefined) input[field] = flags[field] as Json
    }
    const run = await (await app()).engine.start(name, input, {
      mode,
      ...(key === undefined ? {} : { key }),
      ...(by === undefined ? {} : { by }),
    })
    answerRun(io, run, await holdOf(store, run))
    return exitOfRun(run)
  })
}

function startCommand(machine: MachineDefinition): Command {
  const flags = leaf(
    new Command(`cutter run start ${machine.name}`),
    'cutter run start cut --document CHARTER --source charter.md',
  )
    .addOption(
      new Option('--mode <mode>', 'dry-run writes nothing to the target')
        .choices(['dry-run', 'live'])
        .default('dry-run'),
    )
    .option('--key <key>', 'start key: the same key and input always give the same run')
    .option('--by <who>', 'label of the operator, recorded beside the OS user')
  flags.exitOverride()
  for (const [field, schema] of Object.entries(machine.input.shape) as [
    string,
    { description?: string; safeParse(value: unknown): { success: boolean; data?: unknown } },
  ][]) {
    const absent = schema.safeParse(undefined)
    const text = `${schema.description ?? ''}${absent.success ? (absent.data === undefined ? '' : ` (default: ${absent.data})`) : ' (required)'}`
    flags.option(`--${kebab(field)} <value>`, text)
  }
  return flags
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
