import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { loadModule } from '../../src/custom/load-module.ts'
import { CutterError } from '../../src/domain/errors.ts'

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder with these files; the path of `rotate-keys.ts` in it. */
function aModule(source: string, others: { [name: string]: string } = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-module-')))
  folders.push(folder)
  for (const [name, text] of Object.entries({ 'rotate-keys.ts': source, ...others })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return join(folder, 'rotate-keys.ts')
}

const digestOf = async (path: string) => (await loadModule(path)).machine.definitionDigest

async function refusalOf(path: string): Promise<CutterError> {
  const error = await loadModule(path).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CutterError) return error
  throw new Error(`no refusal, but ${error}`)
}

describe('loadModule of a module that is not a machine', () => {
  const change = (from: string, to: string) => (source: string) => {
    expect(source).toContain(from)
    return source.replace(from, to)
  }
  test.each<[string, (source: string) => string, string]>([
    [
      'that can’t be read',
      change("name: 'plan',", 'name: ,'),
      "rotate-keys.ts:11:8 can't be read: Unexpected token",
    ],
    [
      'that throws',
      change('const plan =', 'nowhere()\nconst plan ='),
      'it throws on loading: nowhere is not defined',
    ],
    [
      'with an import that does not exist',
      change("'node:path'", "'./path.ts'"),
      'rotate-keys.ts:3 imports ./path.ts, which is not there',
    ],
    ['without the export', change('export const machine', 'const machine'), 'it exports no machine'],
    ['with another name', change("'rotate-keys'", "'RotateKeys'"), 'its name "RotateKeys" is not kebab-case'],
    [
      'with the name of a shipped machine',
      change("'rotate-keys'", "'cut'"),
      'is the name of a machine that ships',
    ],
    [
      'whose input is not an object',
      change('  input,\n  effects', '  input: z.string(),\n  effects'),
      'is not a z.object',
    ],
    [
      'with a flag that every machine has',
      change('z.object({ file', 'z.object({ mode: z.string(), file'),
      'input field mode',
    ],
    [
      'whose chart asks for another effect',
      change('[plan, rotate]', '[plan]'),
      'asks for the effect rotate, which is not among',
    ],
    [
      'with two effects of one name',
      change('[plan, rotate]', '[plan, rotate, plan]'),
      'two effects of the name plan',
    ],
    [
      'whose write has no probe',
      change('async probe(', 'async prob('),
      'rotate-keys.ts:19) has no probe: probe answers',
    ],
    [
      'whose write has no simulate',
      change('simulate:', 'simulates:'),
      'rotate-keys.ts:19) has no simulate: simulate shows',
    ],
    ['with an invalid gate name', change("gated('SG1'", "gated('sg-one'"), 'names the gate "sg-one"'],
    [
      'without an end in success',
      change('CLOSEOUT_REPORTED: success', "CLOSEOUT_REPORTED: work('plan', 'PENDING')"),
      'no end in success',
    ],
    [
      'with an incomplete upgrade',
      change("version: '1',", "version: '1', upgrade: { '0': {} },"),
      'upgrade from 0 has no schema',
    ],
  ])('loadModule refuses a module %s', async (_, edit, why) => {
    const { code, message } = await refusalOf(aModule(edit(EXAMPLE)))
    expect(message).toContain(why)
    expect([code, message]).toEqual(['INPUT_REFUSED', expect.stringContaining('nothing was changed')])
  })
})

test.skipIf(process.platform === 'win32')(
  'loadModule does not load a module whose import others may write',
  async () => {
    const path = aModule(`import './lib/mark.mjs'\n${EXAMPLE}`, {
      'lib/mark.mjs': 'globalThis.wasLoaded = true\n',
    })
    const file = join(dirname(path), 'lib/mark.mjs')
    chmodSync(file, 0o666)
    const { code, message } = await refusalOf(path)
    expect([code, message]).toEqual(['FILES_UNSAFE', expect.stringContaining(`${file} has mode 0666`)])
    expect(globalThis).not.toHaveProperty('wasLoaded')
  },
)

describe('the definition digest of a module', () => {
  const importing = EXAMPLE.replace("from 'node:path'", "from './lib/path'")
  const lib = (text: string) => ({ 'lib/path.ts': text, 'lib/deeper.mjs': 'export const deeper = 1\n' })
  const LIB = "export { resolve } from 'node:path'\nimport './deeper.mjs'\n"

  test('the definition digest is the same in every folder', async () => {
    expect(await digestOf(aModule(importing, lib(LIB)))).toBe(await digestOf(aModule(importing, lib(LIB))))
  })

  test('the definition digest covers the module and all of its relative imports, in the same process', async () => {
    const path = aModule(importing, lib(LIB))
    const digests = [await digestOf(path)]
    for (const name of ['rotate-keys.ts', 'lib/path.ts', 'lib/deeper.mjs']) {
      const file = join(dirname(path), name)
      writeFileSync(file, `${readFileSync(file, 'utf8')}// changed\n`)
      digests.push(await digestOf(path))
    }
    expect(new Set(digests).size).toBe(4)
  })

  test('the definition digest is of the code that runs, also when the file was loaded earlier', async () => {
    const path = aModule(EXAMPLE)
    expect((await loadModule(path)).machine.version).toBe('1')
    writeFileSync(path, EXAMPLE.replace("version: '1'", "version: '2'"))
    expect((await loadModule(path)).machine.version).toBe('2')
  })

  test('loadModule refuses code whose import can’t be found in the source', async () => {
    const hidden = `const name = './lib/' + 'path.ts'\nawait import(name)\n${EXAMPLE}`
    const { message } = await refusalOf(aModule(hidden, lib(LIB)))
    expect(message).toContain("lib/path.ts in a way that can't be found in its source")
  })
})

test('loadModule accepts TypeScript without extension, JSON, packages next to the module, and top-level await', async () => {
  const source = `import numbers from './numbers.json'
import { two } from 'neighbour'
import type { Facts } from 'cutter'
const facts: Facts = { three: numbers.three + two }
await Promise.resolve(facts)
${EXAMPLE}`
  const others = {
    'numbers.json': '{ "three": 1 }',
    'node_modules/neighbour/package.json':
      '{ "name": "neighbour", "type": "module", "exports": "./index.js" }',
    'node_modules/neighbour/index.js': 'export const two = 2\n',
  }
  expect((await loadModule(aModule(source, others))).machine.name).toBe('rotate-keys')
})

test.runIf(process.getuid !== undefined)(
  'loadModule refuses a package that others may write, wherever it was found, and runs nothing of it',
  async () => {
    const source = `import { two } from 'neighbour'\nexport { two }\n${EXAMPLE}`
    const path = aModule(source, {
      'node_modules/neighbour/package.json': '{ "name": "neighbour", "main": "./index.js" }',
      'node_modules/neighbour/index.js':
        "require('node:fs').writeFileSync(__dirname + '/ran', '')\nexports.two = 2\n",
    })
    const folder = join(dirname(path), 'node_modules')
    chmodSync(folder, 0o777)
    const refusal = await refusalOf(path)
    expect(refusal.code).toBe('FILES_UNSAFE')
    expect(refusal.message).toContain(folder)
    expect(existsSync(join(folder, 'neighbour/ran'))).toBe(false)
    chmodSync(folder, 0o755)
    expect((await loadModule(path)).machine.name).toBe('rotate-keys')
  },
)

test('loadModule takes Node’s own modules for no packages, in whatever folder it runs', async () => {
  const path = aModule(`import 'fs'\n${EXAMPLE}`)
  const open = join(dirname(path), 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  const before = process.cwd()
  process.chdir(open)
  try {
    expect((await loadModule(path)).machine.name).toBe('rotate-keys')
  } finally {
    process.chdir(before)
  }
})

describe('a module whose runs a released build started', () => {
  /** Of test/fixtures/ec8f423/rotate-keys.ts, as `machine list` of that build shows it. */
  const THEN = 'sha256:7bbfa52c85c64b30d24946d9de7a086e8af2c506da238eec7a2bc054b3bae77c'

  test('loadModule adds the upgrade from the definition digest of a released build', async () => {
    const { machine } = await loadModule(resolve(import.meta.dirname, '../fixtures/ec8f423/rotate-keys.ts'))
    expect(machine.definitionDigest).not.toBe(THEN)
    expect(Object.keys(machine.upgrade ?? {})).toContain(THEN)
  })
})

test.each([
  "import type { A } from './gone.ts'",
  "import { type A, type B } from 'not-installed'",
  "// import a from 'not-installed'",
  "/*\nimport a from 'not-installed'\n*/",
  'const text = "import a from \'not-installed\'"',
])('loadModule loads a module with %j, which needs nothing that is not there', async (line) => {
  expect((await loadModule(aModule(`${EXAMPLE}\n${line}\n`))).machine.name).toBe('rotate-keys')
})

test.each([
  "import a from '@scope/not-installed/part'",
  "import {\n  a,\n  type B,\n} from './gone.ts'",
  "export * from './gone.js'",
])('loadModule refuses a module with %j, whose names nobody uses, and names the line', async (line) => {
  const before = EXAMPLE.split('\n').length
  await expect(loadModule(aModule(`${EXAMPLE}\n${line}\n`))).rejects.toThrow(
    `rotate-keys.ts:${before + 1} imports`,
  )
})
