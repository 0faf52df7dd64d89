// Builds the simulation: the real engine, group commit and store in one file, in which every `await` of the sources asks the scheduler, timers and
// clocks are the scheduler's, ssh-keygen is simulated, and a fault may be put into the sources.
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { build } from 'esbuild'
import { parseAst } from 'vitest/node'
import { yamlAsData } from '../../src/build/yaml-as-data.mjs'

const root = resolve(import.meta.dirname, '../..')

/** Modules that are parts of the simulated world, by their path from the root. */
const SIMULATED = {
  'src/approvals/openssh/verify-signature.ts': 'test/simulation/simulated-signatures.ts',
  'src/locks/connect.ts': 'test/simulation/simulated-disk.ts',
  'src/store/sqlite/packed-text.ts': 'test/simulation/unpacked-text.ts',
}

/** Names of Node that the scheduler answers in the sources. */
const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate']

/**
 * @param {string} outfile
 * @param {{ file: string, from: string, to: string }[]} edits texts of the sources that are replaced
 * @returns the places of all awaits, `file:line`, by their numbers
 */
export async function buildSimulation(outfile, edits = []) {
  const sites = []
  const pending = new Set(edits)
  const transformed = (path) => {
    const file = relative(root, path)
    let text = readFileSync(path, 'utf8')
    for (const edit of edits.filter((one) => one.file === file)) {
      if (text.split(edit.from).length !== 2) throw new Error(`${file} does not have once: ${edit.from}`)
      text = text.replace(edit.from, () => edit.to)
      pending.delete(edit)
    }
    const inserts = []
    for (const { argument } of awaitsIn(parseAst(text, { lang: 'ts' }))) {
      inserts.push([argument.start, `scheduledAwait(${sites.length}, `], [argument.end, ')'])
      sites.push(`${file}:${text.slice(0, argument.start).split('\n').length}`)
    }
    inserts.sort(([a], [b]) => b - a)
    for (const [at, put] of inserts) text = text.slice(0, at) + put + text.slice(at)
    return text
  }
  const world = {
    name: 'simulated world',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir }) => {
        const file = SIMULATED[relative(root, resolve(resolveDir, path))]
        return file === undefined || importer.includes('/test/simulation/')
          ? undefined
          : { path: resolve(root, file) }
      })
      onLoad({ filter: /\/(?:src|machines)\/.*\.ts$/ }, ({ path }) => ({
        contents: transformed(path),
        loader: 'ts',
      }))
    },
  }
  await build({
    absWorkingDir: root,
    entryPoints: ['test/simulation/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
    sourcemap: 'inline',
    plugins: [yamlAsData, world],
    external: ['better-sqlite3'],
    inject: ['test/simulation/scheduled-globals.ts'],
    define: {
      'import.meta.url': 'undefined',
      'performance.now': 'scheduledNow',
      ...Object.fromEntries(NAMES.map((name) => [name, `scheduled_${name}`])),
    },
  })
  if (pending.size > 0) throw new Error(`not part of the simulation: ${[...pending].map(({ file }) => file)}`)
  return sites
}

function* awaitsIn(node) {
  if (node.type === 'AwaitExpression') yield node
  for (const [field, value] of Object.entries(node))
    if (field !== 'parent')
      for (const child of Array.isArray(value) ? value : [value])
        if (typeof child?.type === 'string') yield* awaitsIn(child)
}
