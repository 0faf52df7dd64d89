import type { Command, Option } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { isDay } from '../../src/domain/day.ts'

const accepts = ({ parseArg }: Option, value: string): boolean => {
  try {
    parseArg!(value, undefined)
    return true
  } catch {
    return false
  }
}
const optionsOf = (command: Command, path = ''): [string, Option][] => [
  ...command.options.map((option): [string, Option] => [`${path} ${option.long}`, option]),
  ...command.commands.flatMap((verb) => optionsOf(verb, `${path} ${verb.name()}`)),
]
/** Every option that reads a day itself, and no text. */
const ofDays = optionsOf(buildProgram()).filter(
  ([, option]) =>
    option.parseArg !== undefined && accepts(option, '2026-11-30') && !accepts(option, '2026-11-3x'),
)

test('options that take a day are found', () => {
  expect(ofDays.map(([name]) => name)).toEqual(
    expect.arrayContaining([' run list --since', ' run list --until', ' document export --date']),
  )
})

test.each(ofDays)('%s refuses a day that does not exist', (_, option) => {
  for (const day of ['2026-11-31', '2026-02-29', '2026-13-01', '2026-00-10', '2026-01-00', '2026-01-32'])
    expect(accepts(option, day), day).toBe(false)
  for (const time of ['2026-11-31T09:00Z', '2026-02-30T23:00-05:00', '2025-02-29T00:00:00.000Z'])
    expect(accepts(option, time), time).toBe(false)
  expect(accepts(option, '2028-02-29')).toBe(true)
})

test.each([
  ['2026-11-30', true],
  ['2026-11-31', false],
  ['2024-02-29', true],
  ['2100-02-29', false],
  ['2026-1-1', false],
  ['2026-11-30T00:00Z', false],
])('isDay says of %s: %j', (text, expected) => expect(isDay(text)).toBe(expected))
