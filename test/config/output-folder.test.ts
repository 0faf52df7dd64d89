import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configSchema } from '../../src/config/config-schema.ts'
import { findOutputPath } from '../../src/config/output-folder.ts'

let top = ''
let elsewhere = ''
beforeAll(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-output-')))
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-elsewhere-')))
  for (const folder of ['home/out/sub', 'home/out/open', 'home/var/out', 'home/outside'])
    mkdirSync(join(top, folder), { recursive: true })
  chmodSync(join(top, 'home/out/open'), 0o777)
  symlinkSync(elsewhere, join(top, 'home/out/link'))
  symlinkSync(join(elsewhere, 'nothing'), join(top, 'home/out/dangling'))
  symlinkSync(join(top, 'home/out'), join(top, 'home/way'))
  symlinkSync('loop', join(top, 'home/out/loop'))
  writeFileSync(join(top, 'home/out/file'), '')
})
afterAll(() => {
  for (const folder of [top, elsewhere]) rmSync(folder, { recursive: true })
})

const find = (path: string, output: string | undefined = './out') => {
  const config = configSchema.parse({ approvals: { strict: 'owner' }, output })
  return findOutputPath({ home: join(top, 'home'), config }, path.startsWith('/') ? path : join(top, path))
}
const codeOf = (work: () => string) => {
  try {
    return work()
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('findOutputPath with strict: owner', () => {
  test.each([
    ['a new file', 'home/out/new.tar', 'home/out/new.tar'],
    ['a new file in new folders', 'home/out/a/b/new.tar', 'home/out/a/b/new.tar'],
    ['a name that begins with dots', 'home/out/..new', 'home/out/..new'],
    ['the folder itself', 'home/out', 'home/out'],
    ['a link that leads into the folder', 'home/way/new.tar', 'home/out/new.tar'],
  ])('gives the real path of %s', (_, path, real) => {
    expect(find(path)).toBe(join(top, real))
  })

  test.each([
    ['a path in the home', 'home/evil.ts'],
    ['an absolute path', '/etc/evil.ts'],
    ['a path with ..', 'home/out/a/../../evil.ts'],
    ['a path through a link', 'home/out/link/evil.ts'],
    ['a link', 'home/out/link'],
    ['a link to nowhere', 'home/out/dangling'],
    ['a path below a link to nowhere', 'home/out/dangling/evil.ts'],
    ['a link to itself', 'home/out/loop'],
    ['a path below a file', 'home/out/file/evil.ts'],
    ['a folder with the same first letters', 'home/outside/evil.ts'],
    ['the store', 'home/var/cutter.db-wal'],
  ])('refuses %s', (_, path) => {
    expect(codeOf(() => find(path))).toBe('INPUT_REFUSED')
  })

  test('gives a path in an output folder that is not made yet', () => {
    expect(find('home/missing/new', './missing')).toBe(join(top, 'home/missing/new'))
  })

  test('refuses a folder that others may write, because they could put a link there', () => {
    expect(codeOf(() => find('home/out/open/new.tar'))).toBe('FILES_UNSAFE')
  })

  test.each(['.', '..', '/', './var', './var/out', './missing/../var', './out/file', './out/dangling'])(
    'refuses the output folder %s',
    (output) => {
      expect(codeOf(() => find('home/out/new.tar', output))).toBe('CONFIG_INVALID')
    },
  )
})
