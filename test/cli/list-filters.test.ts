import type { Command, Option } from 'commander'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { buildProgram } from '../../src/cli/program.ts'
import { RUN_READS } from '../../src/http/routes/run-reads.ts'
import { TOOLS } from '../../src/mcp/tools.ts'

/** What is filtered on one way is filtered on every way, by the same names and values. */

/** How a command prints, and what only a terminal has; anything else is a parameter of the API, too. */
const OF_TERMINALS = ['json', 'home', 'output', 'follow', 'help']
/** What the API has instead of `--follow` and `--output`: its events, and JSON alone. */
const READS: [verb: string, path: string][] = [
  ['list', '/api/v1/runs'],
  ['history', '/api/v1/runs/{run}/history'],
  ['explain', '/api/v1/runs/{run}/explain'],
]

interface Parameter {
  enum?: string[]
  default?: unknown
}

const commandOf = (verb: string): Command => {
  const run = buildProgram().commands.find((command) => command.name() === 'run')!
  return run.commands.find((command) => command.name() === verb)!
}
const optionsOf = (verb: string): Map<string, Option> =>
  new Map(
    commandOf(verb)
      .options.map((option) => [option.attributeName(), option] as const)
      .filter(([name]) => !OF_TERMINALS.includes(name)),
  )
const parametersOf = (path: string): { [name: string]: Parameter } => {
  const { query } = RUN_READS.find((one) => one.path === path && one.method === 'get')!
  const schema = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' })
  return (schema.properties ?? {}) as { [name: string]: Parameter }
}

describe.each(READS)('run %s', (verb, path) => {
  const options = optionsOf(verb)
  const parameters = parametersOf(path)

  test('has an option for each parameter of the API, and no other', () => {
    expect([...options.keys()].sort()).toEqual(Object.keys(parameters).sort())
  })
  test('takes the same values', () => {
    for (const [name, { enum: choices, default: value }] of Object.entries(parameters)) {
      const option = options.get(name)!
      // A flag of a command has no value; in an address it is true or false.
      if (!option.required && !option.optional) expect([name, choices]).toEqual([name, ['true', 'false']])
      else {
        expect([name, option.argChoices]).toEqual([name, choices])
        expect([name, option.defaultValue]).toEqual([name, value])
      }
    }
  })
})

test('agents filter runs by parameters of the API, by the same values', () => {
  const { input } = TOOLS.find(({ name }) => name === 'list_runs')!
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  const given = (schema.properties ?? {}) as { [name: string]: Parameter }
  const known = parametersOf('/api/v1/runs')
  expect(Object.keys(given)).toContain('gate')
  for (const [name, { enum: choices }] of Object.entries(given))
    expect([name, choices]).toEqual([name, known[name]?.enum])
})
