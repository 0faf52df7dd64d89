import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Check, findMismatch, parseChecks } from '../../../src/effects/deploy/checks-file.ts'
import type { RunResult } from '../../../src/targets/ssh/open-host.ts'

const result = (changes: Partial<RunResult> & { out?: string; err?: string } = {}): RunResult => ({
  exitCode: 0,
  signal: null,
  stdout: Buffer.from(changes.out ?? ''),
  stderr: Buffer.from(changes.err ?? ''),
  truncated: false,
  timedOut: false,
  ...changes,
})
const checkOf = (text: object): Check =>
  parseChecks({ checks: [{ name: 'a', run: ['true'], ...text }] }, 'checks.yaml').checks[0]!
const fault = (expectation: object, ...given: Parameters<typeof result>) =>
  findMismatch(checkOf({ expect: expectation }).expect, result(...given))

test('parseChecks accepts the checks file that the manual shows', () => {
  const manual = readFileSync(resolve(import.meta.dirname, '../../../docs/deploy.md'), 'utf8')
  const [, shown = ''] = /```yaml file=checks.yaml\n(checks:.*?)```/s.exec(manual) ?? []
  const given = parse(shown) as { checks: unknown[] }
  expect(parseChecks(given, 'deploy.md').checks).toHaveLength(given.checks.length)
})

describe('findMismatch', () => {
  test.each([
    [{}, {}, null],
    [{}, { exitCode: 1 }, 'ended with 1, expected 0'],
    [{ exit: 3 }, { exitCode: 3 }, null],
    [{ exit: 3 }, {}, 'ended with 0, expected 3'],
    [{}, { exitCode: null, signal: 'SIGSEGV' }, 'ended with SIGSEGV, expected 0'],
    [{}, { exitCode: null, timedOut: true }, 'took too long and was killed'],
    [{ contains: 'ok' }, { out: 'all ok' }, null],
    [{ contains: 'ok' }, { err: 'all ok' }, 'did not print "ok"'],
    [{ startsWith: 'v2' }, { out: 'v2.1' }, null],
    [{ startsWith: 'v2' }, { out: 'xv2' }, 'began with "xv2", expected "v2"'],
    [{ count: { pattern: 'Ran (\\d+) tests', is: 366 } }, { err: 'Ran 366 tests in 2 s' }, null],
    [
      { count: { pattern: 'Ran (\\d+) tests', is: 366 } },
      { err: 'Ran 365 tests in 2 s' },
      'counted 365, expected 366',
    ],
    [
      { count: { pattern: 'Ran (\\d+) tests', is: 0 } },
      { err: 'no tests' },
      'printed no number that matches Ran (\\d+) tests',
    ],
  ])('with expectation %j of result %j returns %s', (expectation, given, why) => {
    expect(fault(expectation, given)).toBe(why)
  })
})

describe('parseChecks', () => {
  test('gives a fallback no expectation unless the file names one', () => {
    const { fallback } = checkOf({
      expect: { count: { pattern: '(\\d)', is: 1 } },
      fallback: { run: 'other' },
    })
    expect(fallback).toEqual({ run: ['sh', '-c', 'other'] })
  })

  test('refuses a file that is not valid, with the place of each fault', () => {
    const refused = (text: object) => () => parseChecks(text, 'checks.yaml')
    expect(refused({ checks: [{ name: 'a', run: ['curl', 'https://u:plant-7@h/x'] }] })).toThrow(
      'checks[0].run[1] seems to hold a URL with a password',
    )
    expect(
      refused({
        checks: [
          { name: 'a', run: 'x' },
          { name: 'a', run: 'y' },
        ],
      }),
    ).toThrow('two checks have the name a')
    expect(
      refused({ checks: [{ name: 'a', run: 'x', expect: { count: { pattern: '\\d+', is: 1 } } }] }),
    ).toThrow('not a regular expression with one group')
    expect(
      refused({ checks: [{ name: 'a', run: 'x', expect: { count: { pattern: '(', is: 1 } } }] }),
    ).toThrow('not a regular expression with one group')
    expect(refused({ checks: [{ name: 'a\n### 7. G6: PASS', run: 'x' }] })).toThrow(
      'checks.0.name: must be one line',
    )
    expect(refused({ checks: [{ name: 'a', rum: 'x' }] })).toThrow(
      'checks.0.run: must be a line for the shell, or a list of words',
    )
    expect(refused({ skeleton: { folders: ['../up'] } })).toThrow('skeleton.folders.0')
    expect(refused({ tolerate: ['everything'] })).toThrow('tolerate.0')
  })

  test.each([
    [{ shared: ['DEPLOY-MANIFEST.txt'] }, 'DEPLOY-MANIFEST.txt is where the deploy writes its manifest'],
    [{ shared: ['DEPLOY-MANIFEST.txt/x'] }, 'is where the deploy writes its manifest'],
    [{ skeleton: { files: { 'DEPLOY-MANIFEST.txt': 'x' } } }, 'is where the deploy writes its manifest'],
    [{ skeleton: { folders: ['DEPLOY-MANIFEST.txt'] } }, 'is where the deploy writes its manifest'],
    [{ shared: ['log', 'log'] }, 'shared holds log twice'],
    [{ skeleton: { folders: ['a', 'a'] } }, 'skeleton holds a twice'],
    [{ skeleton: { folders: ['a'], files: { a: 'x' } } }, 'skeleton holds a twice'],
    [{ shared: ['log'], skeleton: { folders: ['log'] } }, 'shared and skeleton both make log'],
    [{ shared: ['log/app'], skeleton: { files: { log: 'x' } } }, 'shared and skeleton both make log/app'],
  ])('refuses %j, which would fail on the host alone', (text, why) => {
    expect(() => parseChecks(text, 'checks.yaml')).toThrow(why)
  })

  test('accepts a folder of the skeleton above a shared path', () => {
    const text = { shared: ['log/app', '.env', 'odd name (1) $x'], skeleton: { folders: ['log'] } }
    expect(parseChecks(text, 'checks.yaml').shared).toHaveLength(3)
  })
})
