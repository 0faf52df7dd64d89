import type { Command } from 'commander'
import { REFUSALS } from '../../src/approvals/refusal.ts'
import { EXIT_OF_ERROR } from '../../src/cli/exit-codes.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { defineStartFlags } from '../../src/cli/run/input-flags.ts'
import { configSchema } from '../../src/config/config-schema.ts'
import { SEVERITY } from '../../src/document/diagnostics/severity.ts'
import { type CodeMeaning, STOP_CODES } from '../../src/domain/stop-codes.ts'
import { checksSchema } from '../../src/effects/deploy/checks-file.ts'
import type { MachineDefinition } from '../../src/machine/define.ts'
import { migrationBundleSchema } from '../../src/migration/migration-bundle-spec.ts'
import { ANSWERS } from '../../src/service/answers/answers.ts'
import { inputFields } from '../../src/service/runs/input-fields.ts'
import type { Layer } from '../layers.ts'
import { ERROR_MEANINGS } from './code-meanings.ts'
import { CONFIG_MEANINGS } from './config-keys.ts'
import { BUNDLE_MEANINGS, CHECKS_MEANINGS } from './file-keys.ts'
import { described, type JsonSchema, jsonSchemaOf, keysOf } from './schema-keys.ts'

/** The generated parts of the docs: text between `<!-- generated:NAME:begin -->` and `<!-- generated:NAME:end -->`. */

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Replaces the generated parts of a page. Throws where a page asks for a part that nobody makes. */
export function filled(page: string, parts: { [name: string]: string }): string {
  return page.replace(
    /<!-- generated:([a-z-]+):begin -->\n[\s\S]*?<!-- generated:\1:end -->/g,
    (_, name: string) => {
      const part = parts[name]
      if (part === undefined) throw new Error(`no generated part is called ${name}`)
      return `<!-- generated:${name}:begin -->\n${part}\n<!-- generated:${name}:end -->`
    },
  )
}

export function partsOf(
  machines: MachineDefinition[],
  layers: { [name: string]: Layer },
): { [name: string]: string } {
  return {
    layers: layerTable(layers),
    'config-keys': keyTable(jsonSchemaOf(configSchema), CONFIG_MEANINGS),
    'checks-keys': keyTable(jsonSchemaOf(checksSchema), CHECKS_MEANINGS),
    'bundle-keys': keyTable(jsonSchemaOf(migrationBundleSchema), BUNDLE_MEANINGS),
    problems: problemTable(),
    stops: codeTable(STOP_CODES),
    refusals: codeTable(REFUSALS),
    errors: errorTable(),
    'command-list': commandTable(),
    'command-details': commandDetails(machines),
    answers: answerTable(),
    'answer-fields': answerFields(),
  }
}

/** The keys without a meaning, and the meanings without a key, of all documented files. */
export function undocumentedKeys(): string[] {
  const pairs: [z: JsonSchema, meanings: { [path: string]: string }][] = [
    [jsonSchemaOf(configSchema), CONFIG_MEANINGS],
    [jsonSchemaOf(checksSchema), CHECKS_MEANINGS],
    [jsonSchemaOf(migrationBundleSchema), BUNDLE_MEANINGS],
  ]
  return pairs.flatMap(([schema, meanings]) => {
    const keys = shownKeys(schema, meanings).map(({ path }) => path)
    return [
      ...keys.filter((path) => !Object.hasOwn(meanings, path)),
      ...Object.keys(meanings).filter((path) => !keys.includes(path)),
    ]
  })
}

/** Maps and items are shown by their keys: `<name>` and `[]` alone have rows only where they have a meaning. */
const shownKeys = (schema: JsonSchema, meanings: { [path: string]: string }) =>
  keysOf(schema)
    .filter(({ path }) => !/(<name>|\[\])$/.test(path) || Object.hasOwn(meanings, path))
    .filter(({ path }) => !/^(checks\[\]\.fallback|build|health|rehearsal)\.expect\./.test(path))

function keyTable(schema: JsonSchema, meanings: { [path: string]: string }): string {
  return table(
    ['key', 'value', 'default', 'meaning'],
    shownKeys(schema, meanings).map(({ path, type, default: given }) => [
      `\`${path}\``,
      type,
      given,
      meanings[path] ?? '',
    ]),
  )
}

/** Names only where a layer may not import from every layer above it in the table. */
function layerTable(layers: { [name: string]: Layer }): string {
  const names = Object.keys(layers)
  return table(
    ['layer', 'what it is', 'imports from', 'packages', 'Node'],
    Object.entries(layers).map(([name, { purpose, ours, npm, node }]) => {
      const rest = names.filter((other) => other !== name && !ours.includes(other))
      const all = ours.length > 10 ? `all but ${rest.join(', ')}` : ours.join(', ') || '–'
      const modules = Array.isArray(node) ? node.join(', ') : node ? 'yes' : 'no'
      return [`\`${name}\``, purpose, all, npm.join(', ') || '–', modules]
    }),
  )
}

const SEVERITIES = {
  stops: 'stops the cut',
  'needs-accept': 'stops the cut unless it is accepted by `--accept CODE`',
  note: 'is recorded only',
}

const problemTable = () =>
  table(
    ['effect', 'problems'],
    Object.entries(SEVERITIES).map(([severity, effect]) => [
      effect,
      Object.entries(SEVERITY)
        .flatMap(([code, found]) => (found === severity ? [`\`${code}\``] : []))
        .join(', '),
    ]),
  )

const codeTable = (meanings: { [code: string]: CodeMeaning }) =>
  table(
    ['code', 'meaning', 'what to do'],
    Object.entries(meanings).map(([code, { meaning, next }]) => [`\`${code}\``, meaning, next]),
  )

const errorTable = () =>
  table(
    ['code', 'exit code', 'meaning', 'what to do'],
    Object.entries(ERROR_MEANINGS).map(([code, { meaning, next }]) => [
      `\`${code}\``,
      String(EXIT_OF_ERROR[code as keyof typeof EXIT_OF_ERROR]),
      meaning,
      next,
    ]),
  )

/** Every command that does something, in the order of the help. */
function leaves(command: Command = buildProgram()): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap((each) => leaves(each))
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`

const argumentsOf = (command: Command) =>
  command.registeredArguments
    .map((one) => {
      const name = one.variadic ? `${one.name()}...` : one.name()
      return one.required ? ` <${name}>` : ` [${name}]`
    })
    .join('')

const commandTable = () =>
  table(
    ['command', 'what it does'],
    leaves().map((command) => [
      `[\`${nameOf(command)}\`](#${nameOf(command).replaceAll(' ', '-')})`,
      command.description(),
    ]),
  )

function commandDetails(machines: MachineDefinition[]): string {
  const started = machines.map((machine) =>
    defineStartFlags({ given: machine.name, fields: inputFields(machine), example: '' }),
  )
  return [
    ...leaves().map((command) => detailsOf(command)),
    ...started.map((command) => detailsOf(command)),
  ].join('\n\n')
}

function detailsOf(command: Command): string {
  const name = nameOf(command)
  const options = command.options.filter(
    ({ hidden, long }) => !hidden && long !== '--json' && long !== '--home',
  )
  const answer = Object.entries(ANSWERS).find(([, { commands }]) =>
    commands.includes(name.replace('cutter ', '')),
  )?.[0]
  return [
    `### ${name}`,
    '',
    `\`${name}${argumentsOf(command)}${options.length === 0 ? '' : ' [options]'}\`${command.description() === '' ? '' : ` — ${command.description()}`}`,
    ...(options.length === 0
      ? []
      : [
          '',
          table(
            ['option', 'meaning'],
            options.map((option) => [`\`${option.flags}\``, meaningOf(option)]),
          ),
        ]),
    ...(answer === undefined ? [] : ['', `\`--json\`: [${answer}.json](schema/${answer}.json)`]),
  ].join('\n')
}

function meaningOf(option: Command['options'][number]): string {
  const { description, argChoices, defaultValue, mandatory } = option
  const given =
    Array.isArray(defaultValue) || defaultValue === undefined ? [] : [`default: ${String(defaultValue)}`]
  const notes = [
    ...(argChoices === undefined ? [] : [`one of: ${argChoices.join(', ')}`]),
    ...(mandatory ? ['required'] : []),
    ...(given[0] === 'default: ' ? [] : given),
  ]
  return `${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
}

const answerTable = () =>
  table(
    ['schema', 'answer', 'commands'],
    Object.entries(ANSWERS).map(([name, { title, commands }]) => [
      `[${name}.json](schema/${name}.json)`,
      title,
      name === 'error'
        ? 'every command'
        : commands.length === 0
          ? 'the service alone'
          : commands.map((command) => `\`${command}\``).join(', '),
    ]),
  )

/** The top-level fields of each answer. */
const answerFields = () =>
  table(
    ['answer', 'fields'],
    Object.entries(ANSWERS).map(([name, { schema }]) => {
      const found = jsonSchemaOf(schema, 'output')
      const item = found.items ?? found
      const fields = Object.keys(item.properties ?? {}).join(', ')
      return [name, found.items === undefined ? `{ ${fields} }` : `[{ ${fields} }]`]
    }),
  )

/** Every schema file, by its name in docs/schema. */
export function schemaFiles(): { [file: string]: string } {
  const answers = Object.entries(ANSWERS).map(([name, { title, commands, schema }]): [string, string] => [
    `${name}.json`,
    jsonText(jsonSchemaOf(schema, 'output'), {
      title,
      ...(commands.length === 0
        ? {}
        : {
            description: `Printed by: ${commands.map((command) => `cutter ${command} --json`).join(', ')}.`,
          }),
    }),
  ])
  const config = jsonText(described(jsonSchemaOf(configSchema), CONFIG_MEANINGS), { title: 'cutter.yaml' })
  return { 'cutter.schema.json': config, ...Object.fromEntries(answers) }
}

/** Readers must accept fields that a later version adds, so answers are open. */
function jsonText({ $schema, ...schema }: JsonSchema, head: { [key: string]: string }): string {
  const open = head.title === 'cutter.yaml' ? schema : opened(schema)
  return `${JSON.stringify({ $schema, ...head, ...open }, null, 2)}\n`
}

function opened<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(opened) as T
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      key === 'additionalProperties' && value === false ? [] : [[key, opened(value as unknown)]],
    ),
  ) as T
}
