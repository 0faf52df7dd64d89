import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-cache-')))
const at = (name: string) => join(folder, name)
let script: string

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { compileFile } from './src/node20/code-cache.ts'; console.log(compileFile(process.argv[1]).cached)`,
      resolveDir: resolve('.'),
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
  })
  script = outputFiles![0]!.text
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cached = (file: string, ...flags: string[]) =>
  execFileSync(process.execPath, [...flags, '-e', script, file], { encoding: 'utf8' }).trim()

describe('the code cache', () => {
  test('is accepted for the files of the built command line, and exists for no other flags of V8', () => {
    for (const name of ['main', 'work', 'rest', 'xstate', 'yaml', 'zod']) {
      const file = resolve(`dist/${name}.cjs`)
      expect(cached(file)).toBe('true')
      expect(cached(file, '--no-opt')).toBe('undefined')
    }
  })

  test('is ignored when the code was changed or the cache is incomplete, and the program still runs', () => {
    cpSync(resolve('dist'), at('dist'), { recursive: true })
    cpSync(resolve('package.json'), at('package.json'))
    for (const name of readdirSync(at('dist')).filter((one) => one.startsWith('main.cjs.')))
      truncateSync(at(`dist/${name}`), 100_000)
    expect(cached(at('dist/main.cjs'))).toBe('false')
    const version = () =>
      execFileSync(process.execPath, [at('dist/cutter.cjs'), '--version'], { encoding: 'utf8' })
    expect(version()).toMatch(/^\d+\.\d+\.\d+\n$/)
    appendFileSync(at('dist/main.cjs'), "\nprocess.stdout.write('changed ')\n")
    expect(cached(at('dist/main.cjs'))).toBe('undefined')
    expect(version()).toContain('changed ')
  })
})
