import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { splitHosts, splitRenamedHosts } from '../../domain/host-names.ts'
import type { Json } from '../../domain/json.ts'
import { INPUT_LIMITS } from './input-limits.ts'

/** The fields of shipped machines that name a file or folder of this computer. */
export const PATH_FIELDS: { [machine: string]: string[] } = {
  cut: ['source'],
  deploy: ['source', 'checks'],
  migrate: ['bundle'],
  adopt: ['bundle'],
}

/** The shipped machines whose field `host` names a host. */
const HOST_MACHINES = new Set(['deploy', 'rollback', 'adopt'])

/** The form in which a caller names what it uploaded. */
export const UPLOAD = /^upload:([0-9a-f]{64})$/

/**
 * Settles the paths in a run's input. Whoever runs this process may name any, from the folder where the command was given. A caller of the
 * service, or an agent, names what it uploaded, or what lies below a folder that `inputs` of cutter.yaml names; relative paths start from the
 * home. Both may name a repository of cutter.yaml, which is fetched.
 * @throws INPUT_REFUSED for every other path, before anything of it is read
 */
export async function admitPaths(
  home: Pick<Home, 'isConfined' | 'folder' | 'config' | 'cwd' | 'interrupt' | 'sent'>,
  machine: string,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const repository = machine === 'deploy' ? await namedRepository(home, input) : null
  const settled = home.isConfined ? { ...input } : fromHere(home, machine, input)
  if (home.isConfined) {
    const { inputs } = await home.config()
    for (const field of pathFields(machine)) {
      if (repository !== null && field === 'source') continue
      const given = input[field]
      const as = machine === 'migrate' ? 'folder' : 'upload'
      if (typeof given === 'string')
        settled[field] = await admitInput(home.folder, inputs, {
          machine,
          field,
          given: uploadOf(home, given, as),
        })
    }
    if (HOST_MACHINES.has(machine)) await assertConfiguredHost(home, machine, input.host)
  }
  if (machine !== 'deploy') return settled
  if (repository !== null) return { ...settled, source: await fetched(home, repository) }
  return { ...settled, ...(await repositoryOf(home, settled)) }
}

/** The repository of cutter.yaml that a deploy names as its source. A folder of that name is `./<name>`. */
async function namedRepository(
  { config }: Pick<Home, 'config'>,
  { source }: { [key: string]: Json },
): Promise<{ name: string; url: string } | null> {
  const { repositories } = await config()
  return typeof source === 'string' && Object.hasOwn(repositories, source)
    ? { name: source, ...repositories[source]! }
    : null
}

async function fetched(
  { folder, config, interrupt }: Pick<Home, 'folder' | 'config' | 'interrupt'>,
  repository: { name: string; url: string },
): Promise<string> {
  const [{ fetchRepository }, { openTools }] = await Promise.all([
    import('./fetch-repository.ts'),
    import('../../tools/open-tools.ts'),
  ])
  return fetchRepository({
    folder,
    ...repository,
    tools: openTools((await config()).tools),
    signal: interrupt,
  })
}

/** A deploy from a git bundle works on the repository that is made of it. Nobody sends a repository itself, because its config names programs. */
async function repositoryOf(
  home: Pick<Home, 'isConfined' | 'folder' | 'config' | 'cwd' | 'interrupt'>,
  { source, commit }: { [key: string]: Json },
): Promise<{ source?: string }> {
  if (typeof source !== 'string' || typeof commit !== 'string') return {}
  const path = resolve(home.cwd, source)
  if (!isFile(path)) return {}
  const { isGitBundle } = await import('./git-bundle-head.ts')
  // Whoever runs this process is answered by the run, as for everything else that is no repository.
  if (!home.isConfined && !(await isGitBundle(path))) return {}
  const [{ snapshotFile }, { unbundle }, { openTools }] = await Promise.all([
    import('./snapshot-input.ts'),
    import('./unbundle.ts'),
    import('../../tools/open-tools.ts'),
  ])
  const uploads = uploadsFolder(home.folder)
  const bundle = dirname(path) === uploads ? path : await snapshotFile(uploads, path, () => true)
  const tools = openTools((await home.config()).tools)
  return { source: await unbundle(bundle, { uploads, commit, tools, signal: home.interrupt }) }
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const pathFields = (machine: string) => (Object.hasOwn(PATH_FIELDS, machine) ? PATH_FIELDS[machine]! : [])

/**
 * Whoever runs this process names paths as they stand in the folder where the command was given, which need not be that of this process, and
 * what an agent has sent as everybody does.
 */
function fromHere(
  { folder, cwd }: Pick<Home, 'folder' | 'cwd'>,
  machine: string,
  input: { [key: string]: Json },
): { [key: string]: Json } {
  const settled = { ...input }
  for (const field of pathFields(machine)) {
    const given = input[field]
    if (typeof given !== 'string') continue
    const [, sha256] = UPLOAD.exec(given) ?? []
    settled[field] = sha256 === undefined ? resolve(cwd, given) : findUpload(folder, sha256)
  }
  return settled
}

/** Runs read what lay there at their start: of files and migration bundles a copy is kept. */
async function admitInput(
  folder: string,
  inputs: string[],
  { machine, field, given }: GivenPath & { machine: string },
): Promise<string> {
  const path = admitPath(folder, inputs, { field, given })
  const uploads = uploadsFolder(folder)
  if (field === 'checks' && (statSync(path).size > INPUT_LIMITS.checks || !isFile(path)))
    throw new CutterError(
      'INPUT_REFUSED',
      `the checks are no file, or have more than ${INPUT_LIMITS.checks} bytes; nothing was started`,
      { next: 'name a file of checks' },
    )
  if (UPLOAD.test(given)) return path
  const belongs = (real: string) => inputs.some((one) => isBelow(resolve(folder, one), real))
  const { assertOwnRepository, snapshotBundle, snapshotFile } = await import('./snapshot-input.ts')
  if (machine === 'deploy' && field === 'source' && !isFile(path)) {
    await assertOwnRepository(path, belongs)
    return path
  }
  return machine === 'migrate' ? snapshotBundle(uploads, path, belongs) : snapshotFile(uploads, path, belongs)
}

/**
 * A caller connects the service to no computer but those that cutter.yaml names. The field of a deploy may name several, and that of an
 * adoption says of each what it is here: `web1=shop1`.
 */
async function assertConfiguredHost(
  home: Pick<Home, 'config'>,
  machine: string,
  host: Json | undefined,
): Promise<void> {
  const { hosts } = await home.config()
  if (typeof host !== 'string') return
  const names = machine === 'adopt' ? splitRenamedHosts(host).map(({ here }) => here) : splitHosts(host)
  const unknown = names.find((name) => !Object.hasOwn(hosts, name))
  if (unknown === undefined) return
  const known = Object.keys(hosts)
  throw new CutterError(
    'INPUT_REFUSED',
    `cutter.yaml names no host ${JSON.stringify(unknown)}, and callers of the service reach no other; nothing was started`,
    { next: known.length === 0 ? 'have its owner add it under hosts' : `hosts are ${known.join(', ')}` },
  )
}

/**
 * Settles the path of one file that is read at once, as `admitPaths` does.
 * @param what names it in an error
 * @throws INPUT_REFUSED
 */
export async function admitFile(
  home: Pick<Home, 'isConfined' | 'folder' | 'config' | 'cwd' | 'sent'>,
  what: string,
  given: string,
): Promise<string> {
  if (!home.isConfined && !UPLOAD.test(given)) return resolve(home.cwd, given)
  const { inputs } = await home.config()
  return admitPath(home.folder, inputs, { field: what, given: uploadOf(home, given) })
}

/** What a client uploaded of a file that its command line names; else the name, for what lies below `inputs`. */
function uploadOf({ sent }: Pick<Home, 'sent'>, given: string, as: 'upload' | 'folder' = 'upload'): string {
  return UPLOAD.test(given) ? given : (sent?.(given, as) ?? given)
}

/** The path by which a document is known: an upload has the name that it has at its caller. */
export function knownPath(
  { caller, sent }: Pick<Home, 'caller' | 'sent'>,
  given: string,
  path: string,
): string {
  return caller !== null && sent !== null && !UPLOAD.test(given) ? resolve('/', basename(given)) : path
}

interface GivenPath {
  field: string
  given: string
}

function admitPath(folder: string, inputs: string[], { field, given }: GivenPath): string {
  const [, sha256] = UPLOAD.exec(given) ?? []
  if (sha256 !== undefined) return findUpload(folder, sha256)
  const path = resolve(folder, given)
  if (!existsSync(path) || !inputs.some((one) => isBelow(resolve(folder, one), path)))
    throw pathRefusedError(`the field ${field}`, given)
  return path
}

/** Links are followed, so that none leads out of the folder. */
function isBelow(folder: string, path: string): boolean {
  if (!existsSync(folder)) return false
  const way = relative(realpathSync(folder), realpathSync(path))
  return way !== '..' && !way.startsWith(`..${sep}`) && !way.startsWith(sep)
}

/** The folder of everything that callers uploaded. Each thing lies under its SHA-256. */
export const uploadsFolder = (folder: string) => join(folder, 'var', 'uploads')

export function findUpload(folder: string, sha256: string): string {
  const path = join(uploadsFolder(folder), sha256)
  if (existsSync(path)) return path
  const bundle = join(uploadsFolder(folder), `bundle-${sha256}`)
  const [name] = existsSync(bundle) ? readdirSync(bundle) : []
  if (name !== undefined) return join(bundle, name)
  throw new CutterError(
    'INPUT_REFUSED',
    `nothing with the SHA-256 ${sha256} was uploaded here; nothing was started`,
    {
      next: 'upload it first: POST /api/v1/uploads',
    },
  )
}

/** INPUT_REFUSED for a path that a caller of the service names. The message does not tell whether it exists. */
export function pathRefusedError(what: string, given: string): CutterError {
  return new CutterError(
    'INPUT_REFUSED',
    `${what} can’t be ${JSON.stringify(given)} through the service or for an agent: callers name what they uploaded, what cutter.yaml names, or what lies below a folder of inputs; nothing was read`,
    {
      next: 'upload it (POST /api/v1/uploads; an agent sends it as a text) and name it as upload:<sha256>, or have the owner of cutter.yaml add inputs: [<folder>]',
    },
  )
}

/**
 * Checks that no key of a caller is looked for on the computer of the service: keys stay with whoever signs.
 * @throws INPUT_REFUSED
 */
export function assertKeyStays({ isServed }: Pick<Home, 'isServed'>, key: string | undefined): void {
  if (!isServed || key === undefined) return
  throw new CutterError('INPUT_REFUSED', 'the service signs with no key of its callers; nothing was signed', {
    next: 'sign where the key is, and bring what was signed: cutter approval import, or POST /api/v1/approvals',
  })
}
