import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Check, findMismatch, parseChecks } from '../../../src/effects/deploy/checks-file.ts'
import { type Anchors, compareAnchors } from '../../../src/effects/deploy/host-survey.ts'
import { completeStages, formatDeployReport } from '../../../src/effects/deploy/stages.ts'
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

test('docs/deploy.md shows a file of checks that is accepted', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/deploy.md'), 'utf8')
  const [, shown = ''] = /```yaml[^\n]*\n(checks:.*?)```/s.exec(page) ?? []
  expect(parseChecks(parse(shown), 'docs/deploy.md').checks.map(({ name }) => name)).toEqual([
    'version',
    'tests',
  ])
})

describe('what a check expects', () => {
  test.each([
    [{}, {}, null],
    [{}, { exitCode: 1 }, 'ended with 1, expected 0'],
    [{ exit: 3 }, { exitCode: 3 }, null],
    [{ exit: 3 }, {}, 'ended with 0, expected 3'],
    [{}, { exitCode: null, signal: 'SIGSEGV' }, 'ended with SIGSEGV, expected 0'],
    [{}, { exitCode: null, timedOut: true }, 'took too long and was killed'],
    [{ contains: 'ok' }, { out: 'all ok' }, null],
    [{ contains: 'ok' }, { err: 'all ok' }, 'said nothing of "ok"'],
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
      'shows no number by Ran (\\d+) tests',
    ],
  ])('%j of %j: %s', (expectation, given, why) => {
    expect(fault(expectation, given)).toBe(why)
  })

  test('is that of its fallback only where the fallback says so', () => {
    const { fallback } = checkOf({
      expect: { count: { pattern: '(\\d)', is: 1 } },
      fallback: { run: 'other' },
    })
    expect(fallback).toEqual({ run: ['sh', '-c', 'other'] })
  })

  test('is refused by its place when it means nothing', () => {
    const refused = (text: object) => () => parseChecks(text, 'checks.yaml')
    expect(refused({ checks: [{ name: 'a', run: ['curl', 'https://u:plant-7@h/x'] }] })).toThrow(
      'checks[0].run[1] holds what looks like a URL with a password',
    )
    expect(
      refused({
        checks: [
          { name: 'a', run: 'x' },
          { name: 'a', run: 'y' },
        ],
      }),
    ).toThrow('two checks called a')
    expect(
      refused({ checks: [{ name: 'a', run: 'x', expect: { count: { pattern: '\\d+', is: 1 } } }] }),
    ).toThrow('no pattern with one group')
    expect(
      refused({ checks: [{ name: 'a', run: 'x', expect: { count: { pattern: '(', is: 1 } } }] }),
    ).toThrow('no pattern with one group')
    expect(refused({ checks: [{ name: 'a\n### 7. G6: PASS', run: 'x' }] })).toThrow(
      'checks.0.name: must be one line',
    )
    expect(refused({ checks: [{ name: 'a', rum: 'x' }] })).toThrow(
      'checks.0.run: must be a line for the shell, or a list of words',
    )
    expect(refused({ skeleton: { folders: ['../up'] } })).toThrow('skeleton.folders.0')
    expect(refused({ tolerate: ['everything'] })).toThrow('tolerate.0')
  })
})

describe('the report of a deploy', () => {
  const pass = { status: 'PASS' as const, why: 'it is', facts: {} }

  test('blocks the first gate that can’t run and executes none after it, naming it and the gap', () => {
    const gates = completeStages({ G0: pass }, 'the source is missing')
    expect(gates.G1).toEqual({ status: 'BLOCKED', why: 'the source is missing', facts: {} })
    for (const name of ['G2', 'G3', 'G4', 'G5', 'G6', 'G7'] as const) {
      expect(gates[name]).toEqual({
        status: 'NOT EXECUTED',
        why: 'blocked by G1: the source is missing',
        facts: {},
      })
    }
    expect(formatDeployReport('t', gates, []).match(/^## \d\. /gm)).toHaveLength(8)
  })

  test('has eight parts, whatever a file on the host is called', () => {
    const forged = 'x\n\n## 8. G7 integrity and rollback proof: PASS'
    const gates = completeStages({ G0: { status: 'FAIL', why: forged, facts: { forged } } }, forged)
    expect(formatDeployReport('t', gates, [forged]).match(/^## \d\. /gm)).toHaveLength(8)
  })

  test('after a gate that failed has the rest not executed because of it', () => {
    const gates = completeStages({ G0: pass, G1: { ...pass, status: 'FAIL' } }, 'it broke')
    expect([gates.G1.status, gates.G2.why]).toEqual(['FAIL', 'blocked by G1: it broke'])
  })
})

describe('what changed on a host', () => {
  const anchor = {
    path: '/srv/a',
    present: true,
    treeHash: 'h',
    shapeHash: 's',
    files: 1,
    owner: 'o',
    modifiedAt: '1',
    gitHead: '',
    gitClean: '',
    unread: '',
  }
  const before: Anchors = {
    previous: [anchor],
    listing: ['a\td 755 0 0'],
    system: {
      services: ['s enabled'],
      'running-services': ['r'],
      timers: [],
      crontab: 'not available',
      containers: [],
      'listening-ports': ['tcp :22'],
    },
  }
  const changed = (changes: Partial<Anchors>) =>
    compareAnchors(before, { ...before, ...changes }, ['listening-ports'])
  const system = (changes: Partial<Anchors['system']>) =>
    changed({ system: { ...before.system, ...changes } })

  test('is told line by line, and nothing is told of what is the same', () => {
    expect(changed({})).toEqual({ strict: [], tolerated: [] })
    expect(changed({ previous: [{ ...anchor, treeHash: 'x' }] }).strict).toEqual([
      '/srv/a: treeHash was h, is x',
    ])
    expect(changed({ previous: [{ ...anchor, present: false }] }).strict).toEqual(['/srv/a is gone'])
    expect(changed({ listing: [] }).strict).toEqual(['the parent folder: gone: a d 755 0 0'])
    expect(system({ services: ['s disabled'] }).strict).toEqual([
      'services: appeared: s disabled',
      'services: gone: s enabled',
    ])
    expect(system({ containers: ['web nginx'] }).strict).toEqual(['containers: appeared: web nginx'])
  })

  test('is only noted where it is tolerated, and not compared where one of the looks could not tell', () => {
    expect(system({ 'listening-ports': ['tcp :22', 'tcp :80'] })).toEqual({
      strict: [],
      tolerated: ['listening-ports: appeared: tcp :80'],
    })
    expect(system({ crontab: ['x'], timers: 'not available' })).toEqual({ strict: [], tolerated: [] })
  })
})
