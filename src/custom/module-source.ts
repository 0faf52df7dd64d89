import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { digestOfBytes } from '../domain/json.ts'

/** Resolves an import as the loader does: with or without extension, `.js` for `.ts`. Null when there is no such file. */
export type Resolve = (specifier: string, importer: string) => string | null

/** The files of a module by their paths from the module's folder: where each is, its digest and its text. */
export type ModuleSource = Map<string, { file: string; digest: string; text: string }>

/**
 * Digests the source of a module: its own bytes and those of its relative imports, recursively, by their paths from the module's
 * folder. Packages are not part of it. Imports are found in the text, so that an import in a comment counts too.
 */
export function digestModuleSource(entry: string, resolve: Resolve): ModuleSource {
  const found: ModuleSource = new Map()
  const open = [entry]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const name = relative(dirname(entry), file).split(sep).join('/')
    if (found.has(name)) continue
    const bytes = readFileSync(file)
    const text = bytes.toString('utf8')
    found.set(name, { file, digest: digestOfBytes(bytes), text })
    for (const specifier of specifiersOf(text)) {
      const imported = resolve(specifier, file)
      if (imported !== null) open.push(imported)
    }
  }
  return found
}

/**
 * Finds the files with which packages that a module imports begin. They are looked for from the module's folder upward, so anybody who
 * can write a folder above could offer one.
 * @param ours packages that the module gets from Cutter
 */
export function findPackageFiles(source: ModuleSource, resolve: Resolve, ours: string[]): string[] {
  return [...source.values()].flatMap(({ file, text }) =>
    specifiersOf(text, PACKAGE)
      .filter((specifier) => !ours.includes(specifier) && !isBuiltin(specifier))
      .flatMap((specifier) => resolve(specifier, file) ?? []),
  )
}

/** An import that finds nothing, with the line on which it begins. */
export interface MissingImport {
  file: string
  line: number
  specifier: string
}

/**
 * Finds the first import of a value that is not there. The loader removes an import whose names are not used, so a misspelt or missing package
 * would be noticed only by the line that uses it.
 * @param ours packages that the module gets from Cutter
 */
export function findMissingImport(
  source: ModuleSource,
  resolve: Resolve,
  ours: string[],
): MissingImport | null {
  for (const { file, text } of source.values()) {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    for (const found of code.matchAll(STATIC_IMPORT)) {
      const [, names = '', , specifier = ''] = found
      if (isOnlyTypes(names) || ours.includes(specifier) || isBuiltin(specifier)) continue
      if (resolve(specifier, file) !== null || /^[a-z]+:/.test(specifier)) continue
      return { file, line: code.slice(0, found.index).split('\n').length, specifier }
    }
  }
  return null
}

/** An import or export of another module at the beginning of a line. */
const STATIC_IMPORT = /^(?:import|export)\s+(?!type\s)([\w$*{}\s,]+?\s*from\s*)?(['"])([^'"\n]+)\2/gm

function isOnlyTypes(names: string): boolean {
  const [, list] = /^\{([^}]*)\}\s*from\s*$/.exec(names) ?? []
  const each = list?.split(',').filter((one) => one.trim() !== '') ?? []
  return each.length > 0 && each.every((one) => /^\s*type\s/.test(one))
}

const IMPORT = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"`])(\.{1,2}\/[^'"`]*|\.{1,2})\1/g
const PACKAGE = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"`])([^./'"`\s][^'"`\s]*)\1/g
const specifiersOf = (text: string, pattern = IMPORT) =>
  [...text.matchAll(pattern)].map(([, , specifier]) => specifier!)

/** Creates a resolver from the loader's own resolve function. */
export const createResolver =
  (
    esmResolve: (specifier: string, options: { parentURL: string; try: true }) => string | undefined,
  ): Resolve =>
  (specifier, importer) => {
    const url = esmResolve(specifier, { parentURL: pathToFileURL(importer).href, try: true })
    return url?.startsWith('file:') ? fileURLToPath(url) : null
  }
