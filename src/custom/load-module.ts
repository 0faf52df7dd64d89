import { realpathSync, statSync } from 'node:fs'
import { sep } from 'node:path'
import type { Jiti } from 'jiti'
import { findWritableByOthers } from '../approvals/file-permissions.ts'
import { BUILT_DIGESTS } from '../builtin/code-digests.ts'
import { RELEASED_HELPERS, upgradesFromReleases } from '../builtin/released-definitions.ts'
import { isWithin } from '../config/output-folder.ts'
import { CutterError } from '../domain/errors.ts'
import { digestOf, type Json } from '../domain/json.ts'
import { rememberModuleFiles, whileLoading } from '../domain/module-files.ts'
import type { SourceFile } from '../domain/recorded-source.ts'
import { messageOfThrown } from '../domain/thrown.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import type { Machine } from '../machine/define.ts'
import { assertSameSource, type RecordedSource } from './assert-same-source.ts'
import { confineModules } from './confine-modules.ts'
import { createLoader, OURS } from './create-loader.ts'
import {
  createResolver,
  digestModuleSource,
  findMissingImport,
  findPackageFiles,
  type MissingImport,
  type ModuleSource,
} from './module-source.ts'
import { validateModule } from './validate-module.ts'

/** A user's own machine, loaded. */
export interface LoadedModule {
  /** Real, absolute. */
  path: string
  machine: Machine
  effects: InstalledMachine['effects']
  /** The module and what it imports by relative paths; real, absolute. */
  files: string[]
  /** The digests of those files, in the order of their names. */
  source: SourceFile[]
}

export interface LoadOptions {
  recorded?: RecordedSource | null
  outputFolder?: string | null
  keptIn?: string | null
}

/**
 * Loads the machine that a module exports. The module gets Cutter's own copies of `cutter`, `xstate` and `zod`, whatever is installed
 * next to it. TypeScript is stripped, not checked. Nothing of it runs before its source was compared with the recorded one, if given.
 * @param recorded the source that a run recorded of it
 * @param outputFolder a folder whose files are not loaded, because operators have Cutter write there
 * @param keptIn where what the loader makes of it is kept
 * @throws MACHINE_NOT_FOUND when there is no such file, FILES_UNSAFE when others may write it, MACHINE_CHANGED when it is not the recorded
 * one, INPUT_REFUSED when it is not a machine.
 */
export async function loadModule(
  file: string,
  { recorded = null, outputFolder = null, keptIn = null }: LoadOptions = {},
): Promise<LoadedModule> {
  const path = realPathOf(file)
  confineModules()
  const jiti = createLoader(path, keptIn)
  const resolve = createResolver((specifier, options) => jiti.esmResolve(specifier, options))
  const source = digestModuleSource(path, resolve)
  const files = [...source.values()].map(({ file }) => file)
  const code = [...files, ...findPackageFiles(source, resolve, Object.keys(OURS))]
  assertWrittenByOwner(code)
  assertOutside(outputFolder, code)
  if (recorded !== null) assertSameSource(path, source, recorded)
  else assertImportsFound(path, findMissingImport(source, resolve, Object.keys(OURS)))
  rememberModuleFiles(files)
  const exported = await whileLoading(path, () => imported(jiti, path, source))
  const digests = digestsOf(source)
  if (digestOf(digests) !== digestOf(digestsOf(digestModuleSource(path, resolve))))
    throw refused(path, 'its source was changed while it was loaded', 'try again')

  const { definition, effects } = validateModule(exported.machine, (why) => refused(path, why))
  for (const effect of Object.values(effects)) {
    if (Object.isExtensible(effect)) effect.source = { place: effect.source?.place ?? path, files }
  }
  const chart = chartAsJson(path, definition.logic.config)
  const { name, version } = definition
  const digestWith = (helpers: string) => digestOf({ name, version, chart, source: digests, helpers })
  const machine = {
    ...definition,
    upgrade: { ...upgradesFromReleases(RELEASED_HELPERS.map(digestWith)), ...definition.upgrade },
    definitionDigest: digestWith(BUILT_DIGESTS.helpers ?? 'not built'),
  }
  const named = Object.entries(digests).map(([name, digest]) => ({ file: name, digest }))
  return { path, machine, effects, files, source: named.sort((a, b) => (a.file < b.file ? -1 : 1)) }
}

/** The chart as a part of the definition's digest: without its functions, which the source covers. */
function chartAsJson(path: string, config: object): Json {
  const next = 'a chart holds texts, numbers, lists and plain objects besides its functions'
  const bigInt = (key: string) => refused(path, `JSON cannot hold its chart: ${key} is a BigInt`, next)
  try {
    return JSON.parse(
      JSON.stringify(config, (key, value) => {
        if (typeof value === 'bigint') throw bigInt(key)
        return value
      }),
    ) as Json
  } catch (cause) {
    if (cause instanceof CutterError) throw cause
    throw refused(path, `JSON cannot hold its chart: ${messageOfThrown(cause).split('\n')[0]}`, next, cause)
  }
}

/**
 * Asserts that only their owner may write files. A module runs as soon as it is loaded, dry or live. Anyone who may write it could run their code
 * as this user.
 * @throws FILES_UNSAFE
 */
export function assertWrittenByOwner(files: string[]): void {
  const uid = process.geteuid?.()
  if (uid === undefined) return
  for (const file of files) {
    const fault = findWritableByOthers(file, uid)
    if (fault === null) continue
    throw new CutterError('FILES_UNSAFE', `${fault.message}; it was not loaded`, {
      next: fault.next,
      data: { file },
    })
  }
}

function assertOutside(outputFolder: string | null, files: string[]): void {
  const file =
    outputFolder === null ? undefined : files.find((one) => isWithin(outputFolder, realpathSync(one)))
  if (file === undefined) return
  throw new CutterError('FILES_UNSAFE', `${file} lies in the output folder; it was not loaded`, {
    next: 'keep machines where no command writes, or name another output folder in cutter.yaml',
    data: { file },
  })
}

function assertImportsFound(path: string, missing: MissingImport | null): void {
  if (missing === null) return
  const { file, line, specifier } = missing
  const isPath = specifier.startsWith('.')
  throw refused(
    path,
    `${file}:${line} imports ${specifier}, which is not there`,
    isPath
      ? 'correct the path, or remove the import'
      : `npm install ${specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join(
            '/',
          )} in a folder above the module, remove the import, or write import type where it only names a type`,
  )
}

const digestsOf = (source: ModuleSource) =>
  Object.fromEntries([...source].map(([name, { digest }]) => [name, digest]))

function realPathOf(file: string): string {
  try {
    const path = realpathSync(file)
    if (statSync(path).isFile()) return path
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code)))
      throw error
  }
  throw new CutterError('MACHINE_NOT_FOUND', `there is no machine module ${file}; nothing was changed`, {
    next: 'give the path of a .ts, .js or .mjs file that exports machine',
  })
}

async function imported(jiti: Jiti, path: string, source: ModuleSource): Promise<{ machine?: unknown }> {
  // Files that this process loaded earlier may have had other bytes.
  const files = new Set([...source.values()].map(({ file }) => file))
  for (const file of files) delete jiti.cache[file]
  const known = new Set(Object.keys(jiti.cache))
  let exported: { machine?: unknown }
  try {
    exported = await jiti.import(path)
  } catch (cause) {
    throw refused(path, whyNotLoaded(path, cause), undefined, cause)
  }
  const unread = Object.keys(jiti.cache).find(
    (file) => !known.has(file) && !files.has(file) && !file.split(sep).includes('node_modules'),
  )
  if (unread === undefined) return exported
  delete jiti.cache[unread]
  throw refused(
    path,
    `it loads ${unread} in a way that can't be found in its source; import it by a relative path`,
  )
}

/** The first line of an error, with the nearest line of its stack where the message names no place. */
function whyNotLoaded(path: string, cause: unknown): string {
  if (!(cause instanceof Error)) return `it throws ${String(cause)}`
  const syntax = /^(?:Parse|Syntax)Error: (.*?)\s*\n\s*(\S+:\d+:\d+)/s.exec(cause.message)
  if (syntax !== null) return `${syntax[2]} can't be read: ${syntax[1]!.trim()}`
  const message = cause.message.split('\n')[0]
  if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
    return `it imports what is not there: ${message}`
  const place = (cause.stack ?? '').split('\n').find((line) => line.includes(path))
  return `it throws on loading: ${message}${place === undefined ? '' : ` (${place.trim()})`}`
}

const refused = (path: string, why: string, next?: string, cause?: unknown) =>
  new CutterError('INPUT_REFUSED', `${path} can't be used as a machine: ${why}; nothing was changed`, {
    next: next ?? 'docs/machines.md shows an example',
    cause,
  })
