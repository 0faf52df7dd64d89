import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { loadBuiltins } from '../../src/builtin/registry.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { defineStartFlags } from '../../src/cli/run/input-flags.ts'

const program = buildProgram(() => {})
const machines = (await loadBuiltins()).map(({ definition, example }) =>
  defineStartFlags(definition, definition.name, example),
)

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]
const all = [...everyCommand(program), ...machines].map((command) => [nameOf(command), command] as const)

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

/** The lines behind `Example:`, up to where the shell takes over. */
function examplesIn(help: string): string[][] {
  const lines = help.split('\n')
  const from = lines.indexOf('Example:') + 1
  if (from === 0) return []
  const length = lines.slice(from).findIndex((line) => !line.startsWith('  '))
  return lines.slice(from, from + length).map((line) => line.split(/ [|>]/)[0]!.match(/"[^"]*"|\S+/g)!)
}

/** What a command takes: how many arguments, and which options. */
function fault(words: string[]): string | null {
  const started = machines.find((command) => words.join(' ').startsWith(command.name()))
  let command = started ?? program
  let rest = started === undefined ? words.slice(1) : words.slice(4)
  for (let next = command.commands.find((one) => one.name() === rest[0]); next !== undefined; ) {
    command = next
    rest = rest.slice(1)
    next = command.commands.find((one) => one.name() === rest[0])
  }
  if (rest[0] === '--help') return null
  const options = new Map(command.options.map((option) => [option.long, option]))
  let given = 0
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at]!
    if (!word.startsWith('--')) given += 1
    else if (!options.has(word)) return `no option ${word}`
    else if (!options.get(word)!.isBoolean()) at += 1
  }
  const missing = command.options.filter(({ long, mandatory }) => mandatory && !rest.includes(long!))
  if (missing.length > 0) return `misses ${missing.map(({ long }) => long).join(', ')}`
  const wanted = command.registeredArguments
  if (given > wanted.length) return 'too many arguments'
  return given < wanted.filter(({ required }) => required).length ? 'too few arguments' : null
}

describe('the help of each command', () => {
  test.each(all)('%s: says what it is, with an example that fits it', (name, command) => {
    const help = helpOf(command)
    expect(help).toContain(`Usage: ${name}`)
    const examples = examplesIn(help)
    expect(examples.length).toBeGreaterThan(0)
    expect(examples.map(fault)).toEqual(examples.map(() => null))
    // A group shows one of its commands; all others show themselves.
    for (const words of examples) expect(words.join(' ')).toContain(name)
  })

  test.each(all)('%s: has a word for each of its options', (_, command) => {
    const hidden = command.options.filter(({ hidden }) => !hidden)
    expect(hidden.filter(({ description }) => description === '').map(({ flags }) => flags)).toEqual([])
  })

  test('tells a wrong example from a right one', () => {
    expect(fault(['cutter', 'run', 'show', 'x', '--nothing'])).toBe('no option --nothing')
    expect(fault(['cutter', 'run', 'show'])).toBe('too few arguments')
    expect(fault(['cutter', 'hold', 'on'])).toBe('misses --reason')
    expect(fault(['cutter', 'run', 'start', 'cut', '--documnet', 'x'])).toBe('no option --documnet')
    expect(fault(['cutter', 'verify', 'run.tar', '--signers', 'file'])).toBeNull()
  })
})
