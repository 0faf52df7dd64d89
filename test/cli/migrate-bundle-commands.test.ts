import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { LIVE, withTools } from '../support/cli-steps.ts'
import {
  type Production,
  skipWithoutPgDump,
  startProduction,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('squawk’s findings in a plan')

/** The folder of squawk's program, or null if npm has not installed it, which is printed once. */
const squawk = folderOfSquawk()
function folderOfSquawk(): string | null {
  const folder = resolve(import.meta.dirname, '../../node_modules/.bin')
  try {
    execFileSync(join(folder, 'squawk'), ['--version'], { stdio: 'ignore' })
    return folder
  } catch {
    console.info('skipped: squawk’s findings: npm has no program of squawk-cli for this platform')
    return null
  }
}

let at: CutterHome
let production: Production

beforeAll(async () => {
  at = aCutterHome(`${LIVE}\ntargets:\n  shop: { ownerUrlEnv: SHOP_URL, migratorUrlEnv: SHOP_URL }\n`)
  production = await startProduction()
  await at.server()
}, 300_000)

afterAll(async () => {
  await at.remove()
  await production.stop()
}, 300_000)

describe('migrate new and lint', () => {
  test('migrate new creates a bundle without faults, and refuses a folder that is not empty', async () => {
    const made = await at.cutter(['migrate', 'new', 'fresh', '--json'])
    expect(made.code).toBe(0)
    const lint = await at.cutter(['migrate', 'lint', 'fresh', '--json'])
    expect(lint.code).toBe(0)
    expect(jsonOf<object>(lint)).toMatchObject({
      ok: true,
      faults: [],
      squawk: { tool: 'squawk', installed: squawk !== null },
    })
    const without = await withTools(at, { squawk: '/nowhere/squawk' }, () =>
      at.cutter(['migrate', 'lint', 'fresh']),
    )
    expect(without.code).toBe(0)
    expect(without.stdout).toContain('squawk was not run')
    const again = await at.cutter(['migrate', 'new', 'fresh', '--json'])
    expect(again.code).toBe(2)
    expect(jsonOf(again).error?.code).toBe('INPUT_REFUSED')
  })

  test('migrate lint names each fault with its file and line, and exits with 2', async () => {
    const folder = writeMigrationBundle(at, 'faulty', {
      migration: 'select 1;\ncommit;\n',
      verify: 'drop table unit',
    })
    const lint = await at.cutter(['migrate', 'lint', folder, '--json'])
    expect(lint.code).toBe(2)
    expect(jsonOf<{ faults: object[] }>(lint).faults).toMatchObject([
      { file: 'migration.sql', line: 2 },
      { file: 'verify.sql', line: 1 },
    ])
    const none = await at.cutter(['migrate', 'lint', at.path('nowhere'), '--json'])
    expect(none.code).toBe(2)
    expect(jsonOf(none).error?.message).toContain(
      'can’t be used: the folder does not exist; nothing was changed',
    )
    const file = await at.cutter(['migrate', 'lint', join(folder, 'verify.sql'), '--json'])
    expect(jsonOf(file).error?.message).toContain('it is not a folder')
  })

  test.skipIf(squawk === null || skipped !== null)(
    'migrate lint reports squawk’s findings, which the plan holds too',
    { timeout: 120_000 },
    async () => {
      const cutter = at.cutter
      const shop = await production.shop('squawked')
      at.env.SHOP_URL = production.migratorUrl('squawked')
      const folder = writeMigrationBundle(at)
      const lint = await cutter(['migrate', 'lint', folder, '--json'])
      expect(lint.code).toBe(0)
      const report = jsonOf<{ squawk: { findings: { rule: string; line: number }[] } }>(lint).squawk
      expect(report).toMatchObject({
        tool: 'squawk',
        installed: true,
        version: expect.stringMatching(/^squawk 2\./),
      })
      // Lines count from 1. Findings about timeouts are left out, because Cutter sets those.
      expect(report.findings).toContainEqual(
        expect.objectContaining({ rule: 'prefer-bigint-over-int', line: 6 }),
      )
      expect(report.findings.map(({ rule }) => rule).filter((rule) => rule.includes('timeout'))).toEqual([])
      expect((await cutter(['migrate', 'lint', folder])).stdout).toContain(
        'line 6  Warning  prefer-bigint-over-int',
      )
      const started = await cutter([
        'run',
        'start',
        'migrate',
        '--bundle',
        folder,
        '--target',
        'shop',
        '--json',
      ])
      const plan = await at.cutter(['run', 'plan', jsonOf(started).runId])
      expect(JSON.parse(plan.stdout).lint).toEqual(report)
      expect(`sha256:${sha256(plan.stdout)}`).toBe(jsonOf(started).planDigest)
      // A .squawk.toml in the folder of the bundle holds the project's own decisions.
      writeFileSync(
        join(folder, '.squawk.toml'),
        `excluded_rules = [${report.findings.map(({ rule }) => `"${rule}"`)}]\n`,
      )
      const quiet = await cutter(['migrate', 'lint', folder, '--json'])
      expect(jsonOf<{ squawk: object }>(quiet).squawk).toMatchObject({ findings: [] })
      await shop.end()
    },
  )

  test('migrate lint does not change the scripts', () => {
    expect(readFileSync(at.path('fresh/migration.sql'), 'utf8')).toContain('add column note text')
  })
})
