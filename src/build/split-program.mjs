import { posix } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles a program into a few files. The first has what the program needs to start, and the `entries` of its group; each later file has what
 * its own entries need in addition, and is read when something of it is first imported. The last group takes the rest.
 *
 * esbuild splits a program along its dynamic imports, but into hundreds of ES modules. Reading so many files, and Node's loader of modules,
 * cost more than they save. So the pieces of a group are bundled once more, into one CommonJS file whose exports are a table of pieces.
 *
 * @param {import('esbuild').BuildOptions} options without entry, output and format
 * @param {{ entry: string, groups: { file: string, entries: string[] }[] }} program source files; `entries` are imported dynamically
 * @returns {Promise<{ file: string, text: string }[]>} the files, all for one folder
 */
export async function splitProgram(options, { entry, groups }) {
  const pieces = await buildPieces(options, entry)
  const nameOf = (source) => {
    for (const [name, { entryPoint }] of pieces) if (entryPoint === source) return name
    throw new Error(`nothing imports ${source} dynamically`)
  }
  const placed = new Set()
  const place = (name, names) => {
    if (placed.has(name)) return
    placed.add(name)
    names.push(name)
    for (const needed of pieces.get(name).needs) place(needed, names)
  }
  const tables = groups.map(({ file, entries }, index) => {
    const names = []
    if (index === 0) place(nameOf(entry), names)
    const starts = index === groups.length - 1 ? [...pieces.keys()] : entries.map(nameOf)
    for (const name of starts) place(name, names)
    return { file, names }
  })
  return Promise.all(
    tables.map(async ({ file, names }, index) => {
      const table = await bundlePieces(options, pieces, names)
      const text = index === 0 ? firstFile(table, tables.slice(1), nameOf(entry)) : laterFile(table)
      return { file, text }
    }),
  )
}

/** The pieces of a program by their names, each with what it imports statically. */
async function buildPieces(options, entry) {
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [entry],
    outdir: 'pieces',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
  })
  const texts = new Map(outputFiles.map(({ path, text }) => [posix.basename(path), text]))
  return new Map(
    Object.entries(metafile.outputs).map(([path, { entryPoint, imports }]) => {
      const needs = imports
        .filter(({ kind, external }) => kind === 'import-statement' && !external)
        .map((imported) => `./${posix.basename(imported.path)}`)
      return [`./${posix.basename(path)}`, { entryPoint, needs, text: texts.get(posix.basename(path)) }]
    }),
  )
}

/** CommonJS code whose exports are functions by the names of pieces. Each runs its piece once, and returns its exports. */
async function bundlePieces(options, pieces, names) {
  const own = new Set(names)
  const pieceLoader = {
    name: 'pieces',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind !== 'entry-point' && own.has(path) ? { path, namespace: 'piece' } : { path, external: true },
      )
      onLoad({ filter: /./, namespace: 'piece' }, ({ path }) => ({ contents: pieces.get(path).text }))
    },
  }
  const functions = names.map((name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`)
  const { outputFiles } = await build({
    ...options,
    define: {},
    stdin: { contents: `module.exports = { ${functions.join(', ')} }`, sourcefile: 'table.cjs' },
    plugins: [pieceLoader],
    format: 'cjs',
    // As require(): quicker than Node's loader for modules, and it sees all names of a bundled file.
    supported: { 'dynamic-import': false },
    write: false,
  })
  return outputFiles[0].text
}

/** The brackets make V8 compile the function at once, and not a second time when it is called. */
const asTable = (code) => `(function(module,require){${code}\nreturn module.exports})`

const laterFile = (code) => `module.exports=${asTable(code)}`

/** Code that finds pieces, also in later files, and starts the program. Whatever is no piece is a package or a file of its own. */
function firstFile(code, laterTables, start) {
  const fileOf = Object.fromEntries(
    laterTables.flatMap(({ file, names }) => names.map((name) => [name, `./${file}`])),
  )
  return `const fileOf=${JSON.stringify(fileOf)};
function load(name){
const file=fileOf[name];
if(file!==undefined&&pieces[name]===undefined)Object.assign(pieces,require(file)({exports:{}},load));
const piece=pieces[name];
return piece===undefined?require(name):piece()
}
const pieces=${asTable(code)}({exports:{}},load);
load(${JSON.stringify(start)})`
}
