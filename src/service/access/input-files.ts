import { existsSync, realpathSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'

/** The fields of shipped machines that name a file or folder of this computer. */
export const PATH_FIELDS: { [machine: string]: string[] } = {
  cut: ['source'],
  deploy: ['source', 'checks'],
  migrate: ['bundle'],
}

/** The form in which a caller names what it uploaded. */
const UPLOAD = /^upload:([0-9a-f]{64})$/

/**
 * Settles the paths in a run's input. Whoever runs this process may name any. A caller of the service names what it uploaded, or what lies
 * below a folder that `inputs` of cutter.yaml names; relative paths start from the home.
 * @throws INPUT_REFUSED for every other path, before anything of it is read
 */
export async function admitPaths(
  home: Pick<Home, 'caller' | 'folder' | 'config' | 'sent'>,
  machine: string,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  if (home.caller === null) return withUploads(home.folder, machine, input)
  const { inputs } = await home.config()
  const settled = { ...input }
  for (const field of pathFields(machine)) {
    const given = input[field]
    if (typeof given === 'string')
      settled[field] = await admitInput(home.folder, inputs, {
        machine,
        field,
        given: uploadOf(home, given),
      })
  }
  if (machine === 'deploy' || machine === 'rollback') await assertConfiguredHost(home, input.host)
  return settled
}

const pathFields = (machine: string) => (Object.hasOwn(PATH_FIELDS, machine) ? PATH_FIELDS[machine]! : [])

/** Whoever runs this process names what an agent has sent as everybody does. */
function withUploads(
  folder: string,
  machine: string,
  input: { [key: string]: Json },
): { [key: string]: Json } {
  const settled = { ...input }
  for (const field of pathFields(machine)) {
    const [, sha256] = UPLOAD.exec(String(input[field])) ?? []
    if (sha256 !== undefined) settled[field] = findUpload(folder, sha256)
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
  if (UPLOAD.test(given)) return path
  const belongs = (real: string) => inputs.some((one) => isBelow(resolve(folder, one), real))
  const { assertOwnRepository, snapshotBundle, snapshotFile } = await import('./snapshot-input.ts')
  if (machine === 'deploy' && field === 'source') {
    await assertOwnRepository(path, belongs)
    return path
  }
  return machine === 'migrate' ? snapshotBundle(uploads, path, belongs) : snapshotFile(uploads, path, belongs)
}

/** A caller connects the service to no computer but those that cutter.yaml names. */
async function assertConfiguredHost(home: Pick<Home, 'config'>, host: Json | undefined): Promise<void> {
  const { hosts } = await home.config()
  if (typeof host !== 'string' || Object.hasOwn(hosts, host)) return
  const known = Object.keys(hosts)
  throw new CutterError(
    'INPUT_REFUSED',
    `cutter.yaml names no host ${JSON.stringify(host)}, and callers of the service reach no other; nothing was started`,
    { next: known.length === 0 ? 'have its owner add it under hosts' : `hosts are ${known.join(', ')}` },
  )
}

/**
 * Settles the path of one file that is read at once, as `admitPaths` does.
 * @param what names it in an error
 * @throws INPUT_REFUSED
 */
export async function admitFile(
  home: Pick<Home, 'caller' | 'folder' | 'config' | 'cwd' | 'sent'>,
  what: string,
  given: string,
): Promise<string> {
  if (home.caller === null && !UPLOAD.test(given)) return resolve(home.cwd, given)
  const { inputs } = await home.config()
  return admitPath(home.folder, inputs, { field: what, given: uploadOf(home, given) })
}

/** What a client uploaded of a file that its command line names; else the name, for what lies below `inputs`. */
function uploadOf({ sent }: Pick<Home, 'sent'>, given: string): string {
  return UPLOAD.test(given) ? given : (sent?.(given, 'upload') ?? given)
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

function findUpload(folder: string, sha256: string): string {
  const path = join(uploadsFolder(folder), sha256)
  if (existsSync(path)) return path
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
    `${what} can’t be ${JSON.stringify(given)} through the service: callers name what they uploaded, what cutter.yaml names, or what lies below a folder of inputs; nothing was read`,
    {
      next: 'upload it (POST /api/v1/uploads) and name it as upload:<sha256>, or have the owner of cutter.yaml add inputs: [<folder>]',
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
