import { tmpdir } from 'node:os'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { openHome } from '../../src/app/open-home.ts'
import { MACHINE_NAMES } from '../../src/builtin/registry.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { defineStartFlags } from '../../src/cli/run/input-flags.ts'
import { findStartMachine } from '../../src/service/runs/start-machine.ts'

const home = openHome({ home: tmpdir(), env: {}, cwd: tmpdir(), interrupt: new AbortController().signal })
const program = buildProgram()
const machines = await Promise.all(
  MACHINE_NAMES.map(async (name) => defineStartFlags(await findStartMachine(home, name))),
)

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]
const all = [...everyCommand(program), ...machines].map((command) => [nameOf(command), command] as const)

function readHelp(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

/** The words of each line after `Example:`, up to a pipe or redirection. */
function findExamples(help: string): string[][] {
  const lines = help.split('\n')
  const from = lines.indexOf('Example:') + 1
  if (from === 0) return []
  const length = lines.slice(from).findIndex((line) => !line.startsWith('  '))
  return lines.slice(from, from + length).map((line) => line.split(/ [|>]/)[0]!.match(/"[^"]*"|\S+/g)!)
}

/** What is wrong with a command line: its options or the number of its arguments. */
function findFault(words: string[]): string | null {
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
  if (given > wanted.length && wanted.at(-1)?.variadic !== true) return 'too many arguments'
  return given < wanted.filter(({ required }) => required).length ? 'too few arguments' : null
}

describe('help', () => {
  test.each(all)('%s shows its usage and an example that it accepts', (name, command) => {
    const help = readHelp(command)
    expect(help).toContain(`Usage: ${name}`)
    const examples = findExamples(help)
    expect(examples.length).toBeGreaterThan(0)
    expect(examples.map(findFault)).toEqual(examples.map(() => null))
    // The example of a group is one of its commands; every other command shows itself.
    for (const words of examples) expect(words.join(' ')).toContain(name)
  })

  test.each(all)('%s describes each of its options', (_, command) => {
    const hidden = command.options.filter(({ hidden }) => !hidden)
    expect(hidden.filter(({ description }) => description === '').map(({ flags }) => flags)).toEqual([])
  })

  test('the check of examples finds unknown options and missing arguments', () => {
    expect(findFault(['cutter', 'run', 'show', 'x', '--nothing'])).toBe('no option --nothing')
    expect(findFault(['cutter', 'run', 'show'])).toBe('too few arguments')
    expect(findFault(['cutter', 'hold', 'on'])).toBe('misses --reason')
    expect(findFault(['cutter', 'run', 'start', 'cut', '--documnet', 'x'])).toBe('no option --documnet')
    expect(findFault(['cutter', 'verify', 'run.tar', '--signers', 'file'])).toBeNull()
  })
})
