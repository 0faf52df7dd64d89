import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandLine } from '../../../src/targets/ssh/command-line.ts'
import { anyArgument, PRINT_ARGUMENTS, SPECIAL_ARGUMENTS, toHexLines } from '../../support/shell-arguments.ts'

describe('commandLine', () => {
  test('gives a real sh every byte but NUL unchanged', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anyArgument,
            fc.constantFrom(...SPECIAL_ARGUMENTS).map((text) => Buffer.from(text)),
          ),
          { maxLength: 6 },
        ),
        (argv) => {
          const result = spawnSync('sh', {
            input: Buffer.concat([commandLine([...PRINT_ARGUMENTS, ...argv]), Buffer.from('\n')]),
          })
          expect(result.stdout.toString()).toBe(toHexLines(argv))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('refuses a NUL byte and an empty argv', () => {
    expect(() => commandLine(['echo', 'a\0b'])).toThrow(RangeError)
    expect(() => commandLine([])).toThrow(RangeError)
  })
})
