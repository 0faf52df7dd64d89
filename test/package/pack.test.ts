import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'cutter-package-'))
const prefix = join(folder, 'prefix')
const cutter = join(prefix, 'bin', 'cutter')
let tarball: string
let packed: string[]

const run = (program: string, args: string[], cwd = folder, env = process.env) =>
  execFileSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1e8,
  })

beforeAll(() => {
  const answer = run('npm', ['pack', '--json', '--pack-destination', folder], root)
  const [pack] = JSON.parse(answer.slice(answer.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ]
  tarball = join(folder, pack.filename)
  packed = pack.files.map(({ path }) => path)
  // A global installation takes the runtime dependencies alone.
  run('npm', ['install', '--global', '--prefix', prefix, tarball])
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed tarball', () => {
  test('holds the program, the migrations, the types and the manual, and neither tests nor benchmarks', () => {
    const has = (path: string) => packed.includes(path)
    expect(
      [
        'dist/cutter.cjs',
        'dist/main.cjs',
        'dist/work.cjs',
        'dist/rest.cjs',
        'dist/sdk.mjs',
        'dist/testing.mjs',
        'dist/client.mjs',
        'dist/types/client/api-over-fetch.d.ts',
        'README.md',
        'LICENSE',
      ].filter((path) => !has(path)),
    ).toEqual([])
    expect(packed.some((path) => path.startsWith('migrations/store/sqlite/'))).toBe(true)
    expect(packed.some((path) => path.startsWith('docs/'))).toBe(true)
    expect(packed.filter((path) => /bench|\.test\.|^test\/|^src\//.test(path))).toEqual([])
  })

  test('installs a global program that answers --help and --version', () => {
    expect(run(cutter, ['--help'])).toContain('Usage: cutter')
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(run(cutter, ['--version']).trim()).toBe(version)
  })

  test('installs a program that runs the demo to its closeout without development packages', () => {
    const home = join(folder, 'demo')
    mkdirSync(home)
    expect(run(cutter, ['demo'], home)).toContain('CLOSEOUT_REPORTED')
  }, 180_000)

  test('gives the types and the functions of `cutter` to a module outside of the clone', () => {
    const own = join(folder, 'own')
    mkdirSync(own)
    writeFileSync(join(own, 'package.json'), '{ "name": "own", "type": "module", "private": true }')
    // Types and helpers need no native package.
    run('npm', ['install', '--ignore-scripts', tarball], own)
    const example = readFileSync(join(root, 'test/examples/rotate-keys.ts'), 'utf8')
    writeFileSync(join(own, 'rotate-keys.ts'), example)
    writeFileSync(
      join(own, 'wrong.ts'),
      "import { Stop } from 'cutter'\nexport const wrong: number = new Stop('STOP_X', 'x')\n",
    )
    const options = {
      strict: true,
      noEmit: true,
      target: 'es2023',
      module: 'nodenext',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    const check = (file: string) => {
      writeFileSync(join(own, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file] }))
      return run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', own])
    }
    expect(check('rotate-keys.ts')).toBe('')
    expect(() => check('wrong.ts')).toThrow()
    const names = run(
      process.execPath,
      ['--input-type=module', '-e', "console.log(Object.keys(await import('cutter')).join())"],
      own,
    )
    expect(names).toContain('defineMachine')
    expect(names).toContain('readEffect')
  }, 600_000)

  test('writes a machine whose types and test work outside of the clone', () => {
    const made = join(folder, 'made')
    mkdirSync(join(made, 'node_modules'), { recursive: true })
    run(cutter, ['machine', 'new', 'pay'], made)
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(made, 'pay'), '--pretty', 'false']
    expect(run(process.execPath, tsc)).toBe('')
    const file = join(made, 'pay/pay.ts')
    const source = readFileSync(file, 'utf8')
    writeFileSync(file, source.replace("{ outcome: 'not-committed' }", "{ outcome: 'no' }"))
    expect(() => run(process.execPath, tsc)).toThrow()
    writeFileSync(file, source)
    // The author's project has this Cutter and a vitest of its own.
    symlinkSync(join(prefix, 'lib/node_modules/cutter'), join(made, 'node_modules/cutter'))
    symlinkSync(join(root, 'node_modules/vitest'), join(made, 'node_modules/vitest'))
    expect(run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], made)).toContain(
      '1 passed',
    )
  }, 180_000)
})
