import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { composeUnit, makeSystemdUnit, type UnitFacts } from '../../src/service/systemd-unit.ts'
import { openServiceHome } from '../support/service-home.ts'

const FACTS: UnitFacts = {
  ...{ port: 7433, host: '127.0.0.1', concurrency: 64 },
  node: '/usr/bin/node',
  program: '/usr/lib/node_modules/cutter/dist/cutter.cjs',
  home: '/srv/charter',
  output: null,
}
const settings = (unit: string, name: string) =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []))
const HAS_SYSTEMD = spawnSync('systemd-analyze', ['--version']).status === 0

test('the unit of a home has this text', async () => {
  await expect(composeUnit(FACTS)).toMatchFileSnapshot('cutter.service')
})

test('the unit names node, the built program and the home as they are here', async () => {
  const at = openServiceHome()
  try {
    const { unit } = await makeSystemdUnit(at.home, { port: 0, host: '::1', concurrency: 2 })
    const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')
    expect(settings(unit, 'ExecStart')).toEqual([
      `${process.execPath} ${program} serve --home ${at.home.folder} --port 0 --host ::1 --concurrency 2`,
    ])
  } finally {
    await at.remove()
  }
})

test('the unit starts node without flags, as the program starts itself', () => {
  const [line = ''] = readFileSync(resolve(import.meta.dirname, '../../dist/cutter.cjs'), 'utf8').split('\n')
  expect(line).toBe('#!/usr/bin/env node')
  expect(composeUnit(FACTS)).toMatch(/^ExecStart=\S*\/node \/\S*cutter\.cjs serve /m)
})

describe('a unit', () => {
  test('shows the service the temporary files that its owner names', () => {
    expect(settings(composeUnit(FACTS), 'PrivateTmp')).toEqual(['no'])
  })

  test('lets the service write to its home, and to an output folder elsewhere', () => {
    const writable = (output: string | null) => settings(composeUnit({ ...FACTS, output }), 'ReadWritePaths')
    expect(writable(null)).toEqual(['/srv/charter /tmp'])
    expect(writable('/srv/charter/out')).toEqual(['/srv/charter /tmp'])
    expect(writable('/srv/out')).toEqual(['/srv/charter /srv/out /tmp'])
  })

  test('makes a folder for the socket where the path of the home is too long for one', () => {
    const unit = composeUnit({ ...FACTS, home: `/srv/${'long/'.repeat(20)}home` })
    expect(settings(unit, 'RuntimeDirectory')).toEqual(['cutter'])
    expect(settings(unit, 'Environment')).toEqual(['XDG_RUNTIME_DIR=/run/cutter'])
    expect(settings(composeUnit(FACTS), 'RuntimeDirectory')).toEqual([])
  })

  test('that listens on all addresses may ask for them', () => {
    expect(settings(composeUnit({ ...FACTS, host: '0.0.0.0' }), 'RestrictAddressFamilies')).toEqual([
      'AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    ])
  })

  test('has signs of systemd in paths without their meaning', () => {
    const unit = composeUnit({ ...FACTS, home: '/srv/50% of $HOME' })
    expect(settings(unit, 'ReadWritePaths')).toEqual(['"/srv/50%% of $HOME" /tmp'])
    expect(settings(unit, 'ExecStart')[0]).toContain(' --home "/srv/50%% of $$HOME" ')
  })

  test.each(['\n', '\r', '"', "'", '\\', '\u2028', '\u0000'])('is refused for a path with %j', (sign) => {
    expect(() => composeUnit({ ...FACTS, home: `/srv/a${sign}b` })).toThrowError(/nothing was printed/)
  })
})

test.skipIf(!HAS_SYSTEMD)('systemd-analyze finds no fault in units (needs systemd)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-unit-'))
  try {
    for (const changes of [{}, { host: '::', output: '/srv/out' }, { home: '/srv/50% of $HOME' }]) {
      const file = join(folder, 'cutter.service')
      writeFileSync(file, composeUnit({ ...FACTS, node: process.execPath, ...changes }))
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
        encoding: 'utf8',
      })
      const own = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('cutter.service'))
      expect([changes, own, status]).toEqual([changes, [], 0])
    }
    const [rating = ''] = execFileSync('systemd-analyze', [
      ...['security', '--offline=true', '--no-pager', join(folder, 'cutter.service')],
    ])
      .toString()
      .match(/exposure level[^\n]*: [\d.]+/) ?? ['']
    expect(Number(rating.split(': ')[1])).toBeLessThan(3)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
