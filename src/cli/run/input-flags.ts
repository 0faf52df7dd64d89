import { Command, Option } from 'commander'
import type { Json } from '../../domain/json.ts'
import { visible } from '../../domain/visible.ts'
import { kebabCase } from '../../service/kebab-case.ts'
import type { InputField } from '../../service/runs/input-fields.ts'
import { modeOption } from '../arguments.ts'
import { addGlobalOptions, BY, exampleText, USAGE_OUTPUT } from '../define-command.ts'

/** What a start command needs to know of a machine. */
interface FlagMachine {
  given: string
  fields: InputField[]
  example: string
}

/** `run start <machine>` as a command of its own: the flags that every machine has, and one for each field of its input. */
export function defineStartFlags({ given, fields, example }: FlagMachine): Command {
  const command = new Command(`cutter run start ${given}`)
    .exitOverride()
    .configureOutput(USAGE_OUTPUT)
    .addOption(modeOption('a dry run writes nothing to the target'))
    .option('--key <key>', 'start key: the same key and input always return the same run')
    .option(...BY)
  for (const field of fields) addFlag(command, field)
  return addGlobalOptions(command).addHelpText('after', exampleText(example))
}

/** Reads `--key` before the machine is known. A value of another flag with that text is taken for it too. */
export function readStartKey(args: string[]): string | undefined {
  // A key without its value is refused once the flags of the machine are known.
  if (args.at(-1) === '--key') return undefined
  const command = new Command().helpOption(false).allowUnknownOption().allowExcessArguments()
  return command.option('--key <key>').parse(args, { from: 'user' }).opts<{ key?: string }>().key
}

function addFlag(command: Command, field: InputField): void {
  const flag = kebabCase(field.name)
  const text = describeField(field)
  if (field.kind === 'boolean') {
    command.addOption(new Option(`--${flag}`, text)).addOption(new Option(`--no-${flag}`).hideHelp())
  } else command.option(`--${flag} ${field.kind === 'texts' ? '<value...>' : '<value>'}`, text)
}

function describeField({ description, choices, kind, required, default: value }: InputField): string {
  const notes = [
    ...(choices === null ? [] : [`one of: ${choices.join(', ')}`]),
    ...(kind === 'json' ? ['as JSON'] : []),
    ...(required ? ['required'] : []),
    ...(value === null ? [] : [`default: ${value.replace(/^"(.*)"$/, '$1')}`]),
  ]
  return visible(`${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`.trim())
}

/** Reads the machine's input from its flags. A value that does not fit its field stays text, which the schema then refuses. */
export function readInputFlags(
  fields: InputField[],
  flags: { [field: string]: unknown },
): { [field: string]: Json } {
  const input: { [field: string]: Json } = {}
  for (const { name, kind } of fields) {
    if (flags[name] !== undefined) input[name] = parseFlag(kind, flags[name] as Json)
  }
  return input
}

function parseFlag(kind: InputField['kind'], value: Json): Json {
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '')
    return Number.isFinite(Number(value)) ? Number(value) : value
  if (kind !== 'json') return value
  try {
    return JSON.parse(value as string) as Json
  } catch {
    return value
  }
}
