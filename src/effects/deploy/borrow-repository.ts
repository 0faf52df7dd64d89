import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FoundRepository } from './find-repository.ts'
import { sourceMissingError } from './source-missing-error.ts'

/**
 * Repositories that Cutter makes, and that borrow from another one. git reads the config and the hooks of the repository that it works
 * in, and both can name programs to run: filters, pagers, signature checkers, transports. So it never works in the source.
 */

/**
 * Makes an empty bare repository. It gets objects by GIT_ALTERNATE_OBJECT_DIRECTORIES.
 * @param attributes replaces all attributes of tree and clone; left out: there are none
 */
export async function makeRepository(
  folder: string,
  settings: { objectFormat: string; attributes?: string },
): Promise<void> {
  const { objectFormat, attributes = '' } = settings
  for (const name of ['objects', 'refs', 'info']) await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(folder, 'info', 'attributes'), attributes)
  await writeFile(join(folder, 'config'), formatConfig({ bare: true }, { objectformat: objectFormat }))
}

/** What of a repository's config counts: how objects and files are stored. None of these values can name a program. */
export interface StorageSettings {
  objectFormat: string
  refStorage: string
  /** Names and values of `core`, in small letters, such as `filemode`. */
  core: { [name: string]: string }
}

const STORAGE_KEYS = ['filemode', 'symlinks', 'ignorecase', 'autocrlf', 'eol']
const STORAGE_VALUES = /^(true|false|input|lf|crlf|native|sha1|sha256|files|reftable)$/

/** Picks the storage settings out of a repository's own config: lines `key=value`, as `git config --list` prints them. */
export function pickStorageSettings(lines: string[]): StorageSettings {
  const values = new Map<string, string>()
  for (const line of lines) {
    const at = line.indexOf('=')
    const value = line.slice(at + 1).toLowerCase()
    if (at > 0 && STORAGE_VALUES.test(value)) values.set(line.slice(0, at), value)
  }
  const core = STORAGE_KEYS.flatMap((key) => {
    const value = values.get(`core.${key}`)
    return value === undefined ? [] : [[key, value] as const]
  })
  return {
    objectFormat: values.get('extensions.objectformat') ?? 'sha1',
    refStorage: values.get('extensions.refstorage') ?? 'files',
    core: Object.fromEntries(core),
  }
}

/** Makes a repository that has the refs, the index and the ignored names of another one, by links, and a config of Cutter's. */
export async function viewRepository(
  folder: string,
  found: FoundRepository,
  { objectFormat, refStorage, core }: StorageSettings,
): Promise<void> {
  const { gitFolder, commonFolder } = found
  await mkdir(join(folder, 'info'), { recursive: true })
  await mkdir(join(folder, 'objects'))
  const extensions = { objectformat: objectFormat, refstorage: refStorage }
  await writeFile(join(folder, 'config'), formatConfig({ ...core, bare: false }, extensions))
  await writeFile(join(folder, 'HEAD'), await readHead(gitFolder))
  for (const name of ['refs', 'packed-refs', 'reftable', 'shallow', 'logs', join('info', 'exclude')])
    await linkWhereThere(join(commonFolder, name), join(folder, name))
  const own = (await readdir(gitFolder)).filter((name) => /^(index|sharedindex\.[0-9a-f]+)$/.test(name))
  for (const name of own) await linkWhereThere(join(gitFolder, name), join(folder, name))
}

async function readHead(gitFolder: string): Promise<string> {
  const head = await readFile(join(gitFolder, 'HEAD'), 'utf8')
  if (/^(ref: refs\/\S+|[0-9a-f]{40,64})\n?$/.test(head)) return head
  throw sourceMissingError(`${join(gitFolder, 'HEAD')} names no commit`, 'check the repository with git fsck')
}

async function linkWhereThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await symlink(from, to)
}

function formatConfig(
  core: { [name: string]: string | boolean },
  extensions: { objectformat: string; refstorage?: string },
): string {
  // Defaults are left out, because versions of git that have no other refuse the names.
  const others = Object.entries(extensions).filter(([, value]) => value !== 'sha1' && value !== 'files')
  const version = others.length === 0 ? 0 : 1
  const lines = (entries: [string, unknown][]) =>
    entries.map(([key, value]) => `\t${key} = ${value}\n`).join('')
  const section = `[core]\n\trepositoryformatversion = ${version}\n${lines(Object.entries(core))}`
  return others.length === 0 ? section : `${section}[extensions]\n${lines(others)}`
}
