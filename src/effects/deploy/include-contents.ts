import { mkdir, realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { shellQuote } from '../../domain/shell-quote.ts'
import type { Allowance } from './allowances.ts'
import { createIsMutable } from './mutable-paths.ts'
import type { Source } from './resolve-source.ts'
import { type GitOptions, runGit } from './run-git.ts'
import { sourceMissingError } from './source-missing-error.ts'

/** A submodule or a large file whose content goes into the artifact, at the id that the commit pins. */
export interface IncludedContent {
  path: string
  kind: 'submodule' | 'large-file-pointer'
  /** The commit of a submodule; the SHA-256 of the object of git-lfs. */
  id: string
}

/** The tree to archive, and the folders of objects from which git reads it. */
export interface ComposedTree {
  tree: string
  included: IncludedContent[]
  /** Submodules that stay empty folders: the id of the commit by path. */
  left: { [path: string]: string | undefined }
  objects: string[]
}

/** Objects that only this build needs are not worth compressing. */
const STORE_AS_IT_IS = ['-c', 'core.looseCompression=0']

/** Runs git in a repository of Cutter's own, which borrows objects. */
type AskGit = (args: string[]) => Promise<string>

interface Place {
  source: Source
  /** Whether a rule includes a content of this kind at a path, whatever its id. */
  mayInclude(kind: IncludedContent['kind'], path: string): boolean
  isIncluded(content: IncludedContent): boolean
}

/**
 * Puts the contents of submodules and of large files that `allow` includes into the tree of a commit. They come from what the repository itself
 * keeps below its git folder, so that nothing is fetched. The same commit gives the same tree.
 * @throws STOP_SOURCE_MISSING when the repository does not have a content
 */
export async function includeContents(
  source: Source,
  allow: Allowance[],
  git: GitOptions,
): Promise<ComposedTree> {
  const { tree, objects, submodules, submoduleIds = {} } = source
  const rules = allow.flatMap((one) => (typeof one === 'string' || one.include !== true ? [] : [one]))
  const left = Object.fromEntries(submodules.map((path) => [path, submoduleIds[path]]))
  const none = { tree, included: [], left, objects: [objects] }
  if (rules.length === 0) return none
  const named = rules.map((rule) => ({ ...rule, matches: createIsMutable([rule.path]) }))
  const isIncluded = ({ path, kind, id }: IncludedContent) =>
    named.some((rule) => rule.kind === kind && (rule.id ?? id) === id && rule.matches(path))
  const mayInclude = (kind: IncludedContent['kind'], path: string) =>
    named.some((rule) => rule.kind === kind && rule.matches(path))
  const composed: ComposedTree = { ...none, included: [], left: {}, objects: [objects] }
  const workTree = join(git.repository, 'empty')
  await mkdir(workTree)
  // git asks for a working tree before it puts a tree below a folder of an index. Nothing is written there.
  const index = { GIT_INDEX_FILE: join(git.repository, 'composed'), GIT_WORK_TREE: workTree }
  const ask: AskGit = async (args) => {
    const env = { ...git.env, ...index, ...borrow(composed.objects) }
    const { code, stdout, stderr } = await runGit([...STORE_AS_IT_IS, ...args], { ...git, env })
    if (code !== 0)
      throw sourceMissingError(
        `the contents of ${source.path} could not be put together: ${stderr.trim().split('\n').at(-1)}`,
        'check the repository with git fsck',
      )
    return stdout.toString()
  }
  await ask(['read-tree', tree])
  const place = { source, isIncluded, mayInclude }
  await includeSubmodules(ask, place, composed, { commonFolder: dirname(objects), prefix: '' })
  await includeLargeFiles(ask, place, composed)
  if (composed.included.length === 0) return none
  return { ...composed, tree: (await ask(['write-tree'])).trim() }
}

/** The variable by which git reads objects from several folders. */
export const borrow = (objects: string[]) => ({
  GIT_ALTERNATE_OBJECT_DIRECTORIES: objects.map((folder) => JSON.stringify(folder)).join(':'),
})

/** Lines of the index below a folder. */
async function listIndex(ask: AskGit, prefix: string): Promise<{ mode: string; id: string; path: string }[]> {
  const lines = (await ask(['ls-files', '--stage', '-z'])).split('\0').filter((line) => line !== '')
  return lines.flatMap((line) => {
    const at = line.indexOf('\t')
    const [mode = '', id = ''] = line.slice(0, at).split(' ')
    const path = line.slice(at + 1)
    return path.startsWith(prefix) ? [{ mode, id, path }] : []
  })
}

async function includeSubmodules(
  ask: AskGit,
  place: Place,
  composed: ComposedTree,
  { commonFolder, prefix }: { commonFolder: string; prefix: string },
): Promise<void> {
  const entries = await listIndex(ask, prefix)
  const modules = entries.find(({ path }) => path === `${prefix}.gitmodules`)
  for (const { mode, id, path } of entries) {
    if (mode !== '160000') continue
    const content: IncludedContent = { path, kind: 'submodule', id }
    if (!place.isIncluded(content)) {
      composed.left[path] = id
      continue
    }
    const inner = path.slice(prefix.length)
    const name = modules === undefined ? inner : await findModuleName(ask, modules.id, inner)
    const folder = await findModule(place.source, commonFolder, name, content)
    composed.objects.push(join(folder, 'objects'))
    await ask(['cat-file', '-e', `${id}^{tree}`]).catch(() => {
      throw missingModuleError(place.source, content, `is not in ${folder}`)
    })
    await ask(['rm', '--cached', '--quiet', '--', `:(literal)${path}`])
    await ask(['read-tree', `--prefix=${path}/`, `${id}^{tree}`])
    composed.included.push(content)
    await includeSubmodules(ask, place, composed, { commonFolder: folder, prefix: `${path}/` })
  }
}

/** The name of a submodule, by which its repository is kept: `.gitmodules` of the commit may give it another one than its path. */
async function findModuleName(ask: AskGit, modules: string, path: string): Promise<string> {
  const asked = ['config', '--blob', modules, '--null', '--get-regexp', '^submodule\\..*\\.path$']
  const keys = await ask(asked)
  const named = keys.split('\0').find((line) => line.slice(line.indexOf('\n') + 1) === path)
  return named === undefined ? path : named.slice('submodule.'.length, named.indexOf('\n') - '.path'.length)
}

/** The folder of a submodule's own repository. A name or a link that leads out of the repository is refused. */
async function findModule(
  source: Source,
  commonFolder: string,
  name: string,
  content: IncludedContent,
): Promise<string> {
  const all = join(commonFolder, 'modules')
  const [folder, above] = [await findReal(join(all, name)), await findReal(commonFolder)]
  if (folder === null || above === null)
    throw missingModuleError(source, content, `has no repository at ${join(all, name)}`)
  const objects = await findReal(join(folder, 'objects'))
  const borrows = await findReal(join(folder, 'objects', 'info', 'alternates'))
  if (
    !folder.startsWith(`${above}${sep}modules${sep}`) ||
    objects !== join(folder, 'objects') ||
    borrows !== null
  )
    throw missingModuleError(source, content, `has a repository with parts outside of ${all}`)
  return folder
}

const findReal = (path: string): Promise<string | null> => realpath(path).catch(() => null)

const missingModuleError = ({ path: source }: Source, { path, id }: IncludedContent, why: string) =>
  sourceMissingError(
    `the submodule ${path} at ${id}, whose files the checks file includes, ${why}`,
    `git -C ${shellQuote(source)} submodule update --init --recursive, then start again`,
  )

/** A pointer of git-lfs is shorter than this. */
const POINTER_BYTES = 1024
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\n/

/** Puts large files in the place of their pointers. Whoever scans the archive compares their hashes with the pinned ones. */
async function includeLargeFiles(ask: AskGit, place: Place, composed: ComposedTree): Promise<void> {
  const tree = (await ask(['write-tree'])).trim()
  const lines = (await ask(['ls-tree', '-r', '-l', '-z', '--full-tree', tree])).split('\0')
  for (const line of lines) {
    const [, mode, blob, bytes, path] = /^(100\d{3}) blob ([0-9a-f]+) +(\d+)\t([\s\S]*)$/.exec(line) ?? []
    if (path === undefined || Number(bytes) > POINTER_BYTES || !place.mayInclude('large-file-pointer', path))
      continue
    const id = POINTER.exec(await ask(['cat-file', 'blob', blob!]))?.[1]
    if (id === undefined) continue
    const content: IncludedContent = { path, kind: 'large-file-pointer', id }
    if (!place.isIncluded(content)) continue
    const written = (
      await ask(['hash-object', '-w', '--no-filters', '--', await findLargeFile(place.source, content)])
    ).trim()
    await ask(['update-index', '--cacheinfo', `${mode},${written},${path}`])
    composed.included.push(content)
  }
}

/** Where git-lfs keeps an object. */
async function findLargeFile(
  { path: source, objects }: Source,
  { path, id }: IncludedContent,
): Promise<string> {
  const all = join(dirname(objects), 'lfs', 'objects')
  const file = await findReal(join(all, id.slice(0, 2), id.slice(2, 4), id))
  const above = await findReal(dirname(objects))
  if (file !== null && above !== null && file.startsWith(`${above}${sep}lfs${sep}`)) return file
  throw sourceMissingError(
    `the large file ${path}, which the checks file includes, has no object ${id} in ${all}`,
    `git -C ${shellQuote(source)} lfs fetch, then start again`,
  )
}

/** Refuses a large file whose bytes are not those that its pointer pins. `sha256`: what the scan of the archive has found, by path. */
export function assertLargeFiles(
  included: IncludedContent[],
  sha256: (path: string) => string | undefined,
): void {
  for (const { path, kind, id } of included) {
    if (kind !== 'large-file-pointer' || sha256(path) === id) continue
    throw sourceMissingError(
      `the object of the large file ${path} has other bytes than its pointer pins: ${id}`,
      'git lfs fsck, then start again',
    )
  }
}
