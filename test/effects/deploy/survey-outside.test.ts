import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseChecks } from '../../../src/effects/deploy/checks-file.ts'
import type { HostCommand, HostSession } from '../../../src/effects/deploy/host-session.ts'
import {
  listOutsideFaults,
  makeOutside,
  removeOutside,
  surveyOutside,
} from '../../../src/effects/deploy/outside-folders.ts'
import { resolvePaths } from '../../../src/effects/deploy/paths.ts'

/** A session whose host is this machine, for the own user or another one. */
const sessionAs = (user: { uid?: number; gid?: number }) =>
  ({
    async text({ argv }: HostCommand) {
      const { stdout, status, stderr } = spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8', ...user })
      expect([status, stderr]).toEqual([0, ''])
      return stdout
    },
  }) as unknown as HostSession
const session = sessionAs({})

const isRoot = process.getuid?.() === 0
/** Only root can make what belongs to somebody else. */
const asRoot = isRoot ? '' : ' (skipped: needs root)'
const parse = (outside: string[]) => parseChecks({ skeleton: { outside } }, 'checks.yaml').skeleton.outside

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-outside-')))
  mkdirSync(join(folder, 'srv/app/releases'), { recursive: true })
  mkdirSync(join(folder, 'var'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const commit = { commit: '0123456789abcdef', committedAt: '2026-01-02T03:04:05.000Z' }
const releases = (previous: string[] = []) =>
  resolvePaths({ path: join(folder, 'srv/app'), strategy: 'release', previous }, commit)
const sideBySide = (previous: string[] = []) =>
  resolvePaths({ path: join(folder, 'srv/app-2'), strategy: 'side-by-side', previous }, commit)

const survey = (...names: string[]) =>
  surveyOutside(
    session,
    releases(),
    names.map((name) => join(folder, name)),
  )

async function faultsOf(...names: string[]): Promise<string[]> {
  const { findings } = await survey(...names)
  return findings.filter(({ status }) => status === 'fail').map(({ message }) => message)
}

describe('a folder outside of the target', () => {
  test('is made where it is missing, after the folder in which it lies, and stays where it is there', async () => {
    mkdirSync(join(folder, 'var/log'))
    const { findings, outside } = await survey('var/data/runs', 'var/data', 'var/log')
    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok'])
    expect(outside).toEqual([
      { path: join(folder, 'var/data'), above: join(folder, 'var'), state: 'made' },
      { path: join(folder, 'var/log'), above: join(folder, 'var'), state: 'there' },
      { path: join(folder, 'var/data/runs'), above: join(folder, 'var/data'), state: 'made' },
    ])
  })

  test.each(['var/a\\nb', "var/it's $HOME", 'var/-n', 'var/a=b', 'var/*'])(
    'may have the name %s, which no shell reads',
    async (name) => {
      mkdirSync(join(folder, name))
      const { outside } = await survey(name, `${name}/in`)
      expect(outside).toEqual([
        { path: join(folder, name), above: join(folder, 'var'), state: 'there' },
        { path: join(folder, name, 'in'), above: join(folder, name), state: 'made' },
      ])
      const staging = join(folder, 'staging')
      mkdirSync(staging)
      writeFileSync(join(staging, 'run'), 'idep-1\n')
      const run = ({ argv }: HostCommand) =>
        spawnSync(argv[0]!, argv.slice(1), { env: { ...process.env, CUTTER_TOKEN: 'idep-1:1' } }).status
      expect(run(makeOutside({ staging, run: 'idep-1' }, outside))).toBe(0)
      expect(readdirSync(join(folder, name))).toEqual(['in'])
      expect(run(removeOutside(staging, 'idep-1', outside))).toBe(0)
      expect(readdirSync(join(folder, name))).toEqual([])
    },
  )

  test('may be reached through a link of the own user, which the approver sees', async () => {
    symlinkSync('var', join(folder, 'link'))
    const { findings, outside } = await survey('link/data')
    expect(findings.map(({ status, message }) => `${status}: ${message}`)).toEqual([
      `warn: ${join(folder, 'link/data')} leads to ${join(folder, 'var/data')} through a link`,
      `ok: ${join(folder, 'link/data')} is made`,
    ])
    expect(outside[0]!.above).toBe(join(folder, 'var'))
  })

  test.each([
    ['relative', ['var/data']],
    ['the root', ['/']],
    ['directly below the root', ['/data']],
    ['with a part that leads up', ['/srv/app/../data']],
    ['with a part that is a dot', ['/srv/./data']],
    ['with two slashes', ['/srv//data']],
    ['with a slash at its end', ['/srv/data/']],
    ['with a line end', ['/srv/da\nta']],
    ['named twice', ['/srv/data', '/srv/data']],
    ['none', []],
  ])('is refused by the checks file when it is %s', (_, outside) => {
    expect(() => parse(outside)).toThrow(/is not a valid checks file: skeleton\.outside/)
  })

  test.each([
    ['a folder of the release', 'srv/app/releases/20260102T030405Z-0123456789ab/runs', 'it is in the target'],
    ['the folder of the releases', 'srv/app/releases', 'belongs to the releases'],
    ['another release', 'srv/app/releases/other/runs', 'belongs to the releases'],
    ['the link to the release in force', 'srv/app/current', 'belongs to the releases'],
    ['a shared path', 'srv/app/shared/uploads', 'belongs to the releases'],
    ['what rollbacks keep', 'srv/app/withdrawn', 'belongs to the releases'],
    ['the folder of the deploy', 'srv/app', 'it holds the target'],
    ['a folder above it', 'srv', 'it holds the target'],
    ['a previous version', 'old/data', 'which must stay as it is'],
  ])('is refused before there is a run when it is %s', (_, name, why) => {
    const path = join(folder, name)
    const [fault, ...others] = listOutsideFaults([path], releases([join(folder, 'old')]))
    expect(others).toEqual([])
    expect(fault).toContain(`skeleton.outside ${path}: `)
    expect(fault).toContain(why)
  })

  test('is refused in the staging folder, and next to the target it is allowed', () => {
    const place = sideBySide()
    expect(listOutsideFaults([join(place.staging, 'data')], place)).toHaveLength(1)
    expect(listOutsideFaults([join(place.target, 'data')], place)).toHaveLength(1)
    expect(listOutsideFaults([`${place.target}-data`], place)).toEqual([])
  })

  const onHost: [string, () => unknown, string[], string][] = [
    ['a link', () => symlinkSync('var', join(folder, 'link')), ['link'], 'it is a link'],
    ['a link that leads nowhere', () => symlinkSync('none', join(folder, 'link')), ['link'], 'it is a link'],
    ['a file', () => writeFileSync(join(folder, 'file'), ''), ['file'], 'it is there, and is not a folder'],
    ['below a file', () => writeFileSync(join(folder, 'file'), ''), ['file/data'], 'file is not a folder'],
    ['below a missing folder', () => null, ['var/none/data'], 'the folder above it, is missing'],
    [
      'below links in a circle',
      () => {
        symlinkSync('b', join(folder, 'a'))
        symlinkSync('a', join(folder, 'b'))
      },
      ['a/data'],
      'a link that leads nowhere',
    ],
    [
      'in the releases through a link',
      () => symlinkSync('srv/app/releases', join(folder, 'link')),
      ['link/data'],
      'belongs to the releases',
    ],
    [
      'a folder above the target through a link',
      () => symlinkSync('.', join(folder, 'link')),
      ['link/srv'],
      'it holds the target',
    ],
    [
      'below the root through a link',
      () => symlinkSync('/', join(folder, 'link')),
      ['link/cutter-data'],
      'it would lie directly below the root',
    ],
    [
      'the folder of another path through a link',
      () => symlinkSync('var', join(folder, 'link')),
      ['var/data', 'link/data'],
      'another path of the list is the same folder',
    ],
    [
      'in a folder whose entries anybody may replace',
      () => chmodSync(join(folder, 'var'), 0o777),
      ['var/data'],
      'anybody may replace what is in',
    ],
    [
      'reached through such a folder by a link',
      () => {
        mkdirSync(join(folder, 'var/open/in'), { recursive: true })
        chmodSync(join(folder, 'var/open'), 0o777)
        symlinkSync('var/open/in', join(folder, 'link'))
      },
      ['link/data'],
      'anybody may replace what is in',
    ],
  ]
  test.each(onHost)('is refused on the host when it is %s', async (_, make, names, why) => {
    make()
    const [fault, ...others] = await faultsOf(...names)
    expect(others).toEqual([])
    expect(fault).toContain(why)
  })

  test('is allowed in a folder in which everybody may only replace what is theirs', async () => {
    chmodSync(join(folder, 'var'), 0o1777)
    expect(await faultsOf('var/data')).toEqual([])
  })

  test.skipIf(!isRoot)(
    `is refused through a link of somebody else, on the way of another link too${asRoot}`,
    async () => {
      symlinkSync('var', join(folder, 'theirs'))
      lchownSync(join(folder, 'theirs'), 4242, 4242)
      symlinkSync('theirs', join(folder, 'mine'))
      for (const name of ['theirs/data', 'mine/data']) {
        const [fault] = await faultsOf(name)
        expect(fault).toContain(`${join(folder, 'theirs')}, a link of `)
        expect(fault).toContain('only your own links and those of root count')
      }
    },
  )

  test.skipIf(!isRoot)(
    `is refused in a folder that the user of the connection can not write to${asRoot}`,
    async () => {
      chmodSync(folder, 0o755)
      const other = sessionAs({ uid: 65534, gid: 65534 })
      const { findings } = await surveyOutside(other, releases(), [join(folder, 'var/data')])
      expect(findings.map(({ message }) => message)).toEqual([
        `${join(folder, 'var/data')}: ${join(folder, 'var')} can't be written to by the user of this connection`,
      ])
    },
  )
})
