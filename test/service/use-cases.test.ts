import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'

const source = resolve(import.meta.dirname, '../../src')

/** The folder of src/service that holds the use cases of a group of commands. */
const ROOMS: { [group: string]: string } = {
  run: 'runs',
  approval: 'approvals',
  execution: 'execution',
  hold: 'holds',
  batch: 'batches',
  document: 'documents',
  target: 'targets',
  rehearsal: 'rehearsals',
  migrate: 'migrations',
  machine: 'machines',
  store: 'store',
  instance: 'instance',
  token: 'tokens',
}

/** They complete words of the command line itself, and reach no home. */
const NO_USE_CASE = ['completion', 'complete']

const words = buildProgram().commands.filter((command) => !NO_USE_CASE.includes(command.name()))
const commands = words.flatMap((command): [string, string, string][] =>
  command.commands.length === 0
    ? [[command.name(), `${command.name()}.ts`, `${command.name()}.ts`]]
    : command.commands.map((verb: Command) => [
        `${command.name()} ${verb.name()}`,
        join(command.name(), `${verb.name()}.ts`),
        join(ROOMS[command.name()] ?? '?', `${verb.name()}.ts`),
      ]),
)

describe('use cases', () => {
  test('the command line has commands', () => expect(commands.length).toBeGreaterThan(40))

  test.each(commands)('%s has src/cli/%s and src/service/%s', (_, door, useCase) => {
    expect(existsSync(join(source, 'cli', door)), `src/cli/${door}`).toBe(true)
    expect(existsSync(join(source, 'service', useCase)), `src/service/${useCase}`).toBe(true)
  })

  test.each(commands)('%s only parses and prints: src/cli/%s loads src/service/%s', (_, door, useCase) => {
    expect(readFileSync(join(source, 'cli', door), 'utf8')).toContain(`service/${useCase}'`)
  })
})
