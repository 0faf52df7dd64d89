import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadModuleByReference } from '../../src/custom/install-module.ts'
import { keepTransforms } from '../../src/custom/kept-transforms.ts'
import { loadModule } from '../../src/custom/load-module.ts'

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')

let home: string
let module: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-kept-')))
  module = join(home, 'rotate-keys.ts')
  writeFileSync(module, EXAMPLE)
  mkdirSync(join(home, 'var'))
})
afterEach(() => rmSync(home, { recursive: true }))

const folder = () => join(home, 'var', 'modules')
const kept = () => (existsSync(folder()) ? readdirSync(folder()) : []).map((name) => join(folder(), name))
const versionOf = async () => (await loadModule(module, { keptIn: folder() })).machine.version

/** What a loader gets for one source when its compiler would give `code`. */
const codeOf = (code: string, source = 'a source') =>
  keepTransforms(folder(), () => code)({ source, filename: module }).code

describe('what the loader makes of a module', () => {
  test('is kept where only its owner reads and writes it, and used by the next load', async () => {
    const first = await loadModule(module, { keptIn: folder() })
    const [file, ...others] = kept()
    expect(others).toEqual([])
    const { ino, mode } = statSync(file!)
    expect(mode & 0o777).toBe(0o600)
    const second = await loadModule(module, { keptIn: folder() })
    expect(second.machine.definitionDigest).toBe(first.machine.definitionDigest)
    // It would be another file if it had been made again.
    expect(statSync(file!).ino).toBe(ino)
  })

  test('is what was made first, for the same source alone', () => {
    expect([codeOf('1'), codeOf('2'), codeOf('3', 'another source'), codeOf('4')]).toEqual([
      '1',
      '1',
      '3',
      '1',
    ])
  })

  test('holds nothing of the source that can be read without it', async () => {
    const secret = 'a-password-within-a-source'
    writeFileSync(module, `${EXAMPLE}\nexport const given = '${secret}'\n`)
    expect(await versionOf()).toBe('1')
    const [file] = kept()
    const text = readFileSync(file!, 'latin1')
    expect(text.length).toBeGreaterThan(EXAMPLE.length / 2)
    expect(text).not.toContain(secret)
    expect(text).not.toContain('version')
  })

  test('is made again when the source changes, also where it has the same size and time', async () => {
    await versionOf()
    writeFileSync(module, EXAMPLE.replace("version: '1'", "version: '2'"))
    expect(await versionOf()).toBe('2')
    expect(kept()).toHaveLength(2)
  })

  test('is made again for another path, which the code may ask for', async () => {
    await versionOf()
    const moved = join(home, 'moved.ts')
    writeFileSync(moved, EXAMPLE)
    await loadModule(moved, { keptIn: folder() })
    expect(kept()).toHaveLength(2)
  })

  test.each<[string, (file: string) => void]>([
    ['was changed', (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('//')]))],
    [
      'holds another nonce',
      (file) => writeFileSync(file, Buffer.concat([Buffer.alloc(12), readFileSync(file).subarray(12)])),
    ],
    ['was cut short by a crash', (file) => writeFileSync(file, readFileSync(file).subarray(0, -1))],
    ['holds no complete tag', (file) => writeFileSync(file, readFileSync(file).subarray(0, 20))],
    ['is empty', (file) => writeFileSync(file, '')],
    ['others may write', (file) => chmodSync(file, 0o666)],
    ['lies in a folder that others may write', () => chmodSync(folder(), 0o777)],
  ])('is not used where the file %s', (_, damage) => {
    codeOf('1')
    damage(kept()[0]!)
    expect(codeOf('2')).toBe('2')
  })

  test('is not kept of a source that can’t be read', async () => {
    writeFileSync(module, EXAMPLE.replace("name: 'plan',", 'name: ,'))
    for (const _ of [1, 2]) await expect(versionOf()).rejects.toThrow("can't be read: Unexpected token")
    expect(kept()).toEqual([])
  })

  test('is not kept where the folder can’t be made, and the module loads', async () => {
    rmSync(join(home, 'var'), { recursive: true })
    writeFileSync(join(home, 'var'), 'a file')
    expect(await versionOf()).toBe('1')
  })

  test('is not kept in a home in which nothing was started', async () => {
    rmSync(join(home, 'var'), { recursive: true })
    expect(await versionOf()).toBe('1')
    expect(existsSync(join(home, 'var'))).toBe(false)
  })

  test('goes when a hundred later ones are kept', () => {
    for (let version = 1; version <= 103; version += 1) codeOf(`${version}`, `source ${version}`)
    expect(kept()).toHaveLength(100)
    expect(codeOf('made again', 'source 103')).toBe('103')
  })
})

describe('a module that a run is started from', () => {
  const start = (strict: boolean | 'owner') =>
    loadModuleByReference(
      'rotate',
      {
        home,
        config: { machines: { rotate: 'rotate-keys.ts' }, approvals: { strict }, output: 'out' } as never,
      },
      home,
    ).catch((error: unknown) => (error as { code: string }).code)

  test('is kept below var, so that no other command compiles it', async () => {
    writeFileSync(module, EXAMPLE.replaceAll("name: 'rotate-keys'", "name: 'rotate'"))
    expect(await start(false)).toMatchObject({ machine: { name: 'rotate' } })
    expect(kept()).toHaveLength(1)
  })

  test('is compiled each time with approvals.strict: owner, because the store does not choose what runs there', async () => {
    writeFileSync(module, EXAMPLE.replaceAll("name: 'rotate-keys'", "name: 'rotate'"))
    expect(await start('owner')).toMatchObject({ machine: { name: 'rotate' } })
    expect(kept()).toEqual([])
  })
})
