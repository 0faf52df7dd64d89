import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REFUSALS } from '../src/approvals/refusal.ts'
import { LAYERS } from './layers.ts'

const root = resolve(import.meta.dirname, '..')

interface Import {
  file: string
  layer: string
  specifier: string
  /** The imported file, from the root; null for packages and Node's modules. */
  target: string | null
}

const filesBelow = (...folders: string[]) =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts')),
  )
const sources = filesBelow('src', 'machines')
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

const layerOf = (file: string) => (file.startsWith('machines/') ? 'machines' : file.split('/')[1]!)

function importsOf(file: string): Import[] {
  const statements = textOf(file).matchAll(
    /^(?:import|export)\s+(?:type\s+)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...statements].map(([, from, dynamic]) => {
    const specifier = (from ?? dynamic)!
    const target = specifier.startsWith('.') ? relative(root, resolve(root, file, '..', specifier)) : null
    return { file, layer: layerOf(file), specifier, target }
  })
}
const imports = sources.flatMap(importsOf)

function layerFault({ file, layer, specifier, target }: Import): string | null {
  const allowed = LAYERS[layer]
  if (allowed === undefined) return `${file}: the layer ${layer} is not in the table`
  if (target !== null) {
    const other = layerOf(target)
    if (other === layer || allowed.ours.includes(other)) return null
    return `${file}: ${layer} may not import from ${other} (${target})`
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    const fits = Array.isArray(allowed.node) ? allowed.node.includes(specifier) : allowed.node
    return fits ? null : `${file}: ${layer} may not import ${specifier}`
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  return allowed.npm.includes(name) ? null : `${file}: ${layer} may not import the package ${name}`
}

/** The circles among files, types counted: each strongly connected set of more than one file (Tarjan's algorithm). */
function circles(edges: Map<string, string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string) => {
    index.set(file, index.size)
    low.set(file, index.get(file)!)
    stack.push(file)
    for (const next of edges.get(file) ?? []) {
      if (!index.has(next)) {
        visit(next)
        low.set(file, Math.min(low.get(file)!, low.get(next)!))
      } else if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, index.get(next)!))
    }
    if (low.get(file) !== index.get(file)) return
    const group = stack.splice(stack.indexOf(file))
    if (group.length > 1) found.push(group.sort())
  }
  for (const file of edges.keys()) if (!index.has(file)) visit(file)
  return found
}

describe('the layers', () => {
  test('hold for every import line', () => {
    expect(imports.length).toBeGreaterThan(200)
    expect(imports.map(layerFault).filter((fault) => fault !== null)).toEqual([])
  })

  test('exist as folders, all of them', () => {
    const folders = new Set(sources.map(layerOf))
    expect(Object.keys(LAYERS).filter((layer) => !folders.has(layer))).toEqual([])
  })

  test('have no circle among files, type imports counted', () => {
    const edges = new Map(sources.map((file) => [file, [] as string[]]))
    for (const { file, target } of imports) if (target !== null) edges.get(file)!.push(target)
    expect(circles(edges)).toEqual([])
  })

  test('let effects know targets by their types and by the pure comparison of surfaces alone', () => {
    const values = sources
      .filter((file) => layerOf(file) === 'effects')
      .flatMap((file) =>
        [...textOf(file).matchAll(/^import\s+(?!type)([^'"]*?)from\s+'([^']*\/targets\/[^']*)'/gm)]
          .filter(
            ([, names]) =>
              !names!
                .replace(/[{}\s]/g, '')
                .split(',')
                .filter(Boolean)
                .every((name) => name.startsWith('type')),
          )
          .map(([, , specifier]) => basename(specifier!)),
      )
    expect([...new Set(values)].sort()).toEqual(['survey.ts'])
  })

  test('keep SQL for runs in the store, and XState in the machine layer and the charts', () => {
    const users = (name: string) =>
      new Set(imports.filter(({ specifier }) => specifier === name).map(({ layer }) => layer))
    expect(users('better-sqlite3')).toEqual(new Set(['locks', 'store']))
    expect(users('xstate')).toEqual(new Set(['machine', 'machines']))
  })

  test('keep the verifier of a cut apart from what the executor runs', () => {
    const own = imports.filter(({ file }) => file === 'src/effects/cut/verifier.ts')
    expect(own.map(({ specifier }) => specifier)).toEqual(['node:crypto', '../../targets/target.ts'])
  })

  test('keep the page of the service, which browsers run, apart from everything else', () => {
    const isPage = (file: string | null) => file?.startsWith('src/http/page/') ?? false
    const packages = ['preact', 'preact/hooks', '@preact/signals', 'marked']
    const crossing = imports.filter(({ file, target, specifier }) =>
      isPage(file)
        ? !isPage(target) && !packages.includes(specifier)
        : isPage(target) || packages.includes(specifier),
    )
    expect(imports.filter(({ file }) => isPage(file)).length).toBeGreaterThan(20)
    expect(crossing.map(({ file, specifier }) => `${file}: ${specifier}`)).toEqual([])
  })

  test('keep bundle, reports and plan-page apart', () => {
    const apart = ['bundle', 'reports', 'plan-page']
    const crossing = imports.filter(
      ({ layer, target }) =>
        apart.includes(layer) &&
        target !== null &&
        apart.includes(layerOf(target)) &&
        layerOf(target) !== layer,
    )
    expect(crossing.map(({ file, specifier }) => `${file}: ${specifier}`)).toEqual([])
  })
})

describe('file names', () => {
  test('lie in rooms: no file lies directly in src', () => {
    expect(readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isFile())).toEqual(
      [],
    )
  })

  test('occur once, apart from index, plan, deps and what each room of a kind repeats on purpose', () => {
    const repeated =
      /^src\/(cli|service|http|mcp)\/|\/phases\/|^src\/store\/(sqlite|postgres)\/|^machines\/|^src\/builtin\/|^src\/bundle\/format-1\/|^src\/document\/reading-1\//
    const places = new Map<string, string[]>()
    for (const file of sources) {
      const name = basename(file, '.ts')
      if (['index', 'plan', 'deps'].includes(name) || repeated.test(file)) continue
      places.set(name, [...(places.get(name) ?? []), file])
    }
    expect([...places.values()].filter((files) => files.length > 1)).toEqual([])
  })

  test('say where each phase of a shipped machine is', async () => {
    const missing: string[] = []
    for (const machine of readdirSync(join(root, 'machines')).filter((name) => name.endsWith('.ts'))) {
      const name = basename(machine, '.ts')
      const module = (await import(`../machines/${machine}`)) as Record<
        string,
        { logic: { config: unknown } }
      >
      const chart = JSON.stringify(module[name]!.logic.config)
      const phases = new Set([...chart.matchAll(/"src":"([^"]+)"/g)].map(([, phase]) => phase!))
      expect(phases.size, `${name} has phases`).toBeGreaterThan(0)
      for (const phase of phases) {
        const file = `src/effects/${name}/phases/${phase
          .replaceAll('_', '-')
          .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
          .toLowerCase()}.ts`
        if (!sources.includes(file) || !/^export /m.test(textOf(file))) missing.push(file)
      }
    }
    expect(missing).toEqual([])
  })

  test('are the same in every driver of the store, apart from what only one of them has', () => {
    const own: Record<string, string[]> = {
      // A file on this disk, and rows that the other driver shares.
      sqlite: [
        ...[
          'check-journal',
          'copy-database',
          'open-for-reading',
          'replace-database',
          'packed-text',
          'digest-bytes',
        ],
        ...['execute-statements', 'pack-steps', 'step-row', 'writer-client', 'writer-thread'],
        ...['columns', 'row', 'message-rows'],
      ],
      // Sessions with a server, which is asked statement by statement.
      postgres: [
        ...[
          'connections',
          'run-statement',
          'run-methods',
          'group-statement',
          'further-statements',
          'hosts',
          'live-conditions',
          'server-clock',
          'transaction-fate',
          'watch-version',
        ],
      ],
    }
    const [sqlite, postgres] = Object.entries(own).map(([driver, names]) => {
      const files = sources.filter((file) => file.startsWith(`src/store/${driver}/`))
      const found = files.map((file) => basename(file, '.ts'))
      expect(found).toEqual(expect.arrayContaining(names))
      return found.filter((name) => !names.includes(name)).sort()
    })
    expect(postgres).toEqual(sqlite)
  })
})

test('the longest files are reported; none exceeds 300 lines', () => {
  const long = sources
    .map((file) => `${file} ${textOf(file).split('\n').length - 1}`)
    .filter((line) => Number(line.split(' ')[1]) > 300)
  expect(long).toEqual([])
})

test('each refusal reason is produced by one file of src/approvals/rules', () => {
  const rules = sources.filter((file) => file.startsWith('src/approvals/rules/'))
  const producers = Object.keys(REFUSALS).map((reason) => [
    reason,
    rules.filter((file) => textOf(file).includes(`'${reason}'`)).length,
  ])
  expect(producers.filter(([, count]) => count !== 1)).toEqual([])
})

describe('what people read', () => {
  test('is written by the streams of the command line alone, which spell every text of others', () => {
    const writes = /process\.std(?:out|err)\.write|\bwritable\.write\(|\bwriteAll\([12],|\bconsole\./
    // The client of a service passes on what those streams of the service wrote, and its own errors.
    expect(sources.filter((file) => writes.test(textOf(file)))).toEqual([
      'src/cli/define-command.ts',
      'src/cli/io.ts',
      'src/client/ask-service.ts',
      'src/client/fail.ts',
    ])
  })

  test('is Markdown by domain/markdown.ts alone, which escapes every text of others', () => {
    // The instructions of a bundle have a wording of their own for each version, and a document is a text of others.
    const byHand = sources
      .filter((file) => !/^src\/(?:bundle|document)\//.test(file) && file !== 'src/domain/markdown.ts')
      .filter((file) => /(?<!md)[`'](?:#{2,4} |\| |- \$|\*\*)|[`']`{3}/.test(textOf(file)))
    expect(byHand).toEqual([])
  })
})
