import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { uploadedModulesFolder } from '../../custom/uploaded-modules.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertRole } from './assert-role.ts'
import { findUpload, UPLOAD } from './input-files.ts'
import { INPUT_LIMITS } from './input-limits.ts'
import { assertUnlimited } from './scope.ts'

const DEED = 'bring machines'

/**
 * Finds the module that a caller of the service uploaded and names as the machine of a run. Returns the path of a copy that stays, which its SHA-256
 * names. Its code runs with all rights of the service, so this takes `allowUploadedMachines`, and an admin who is limited to nothing. Null where a
 * name is no upload.
 * @throws ACCESS_REFUSED, INPUT_REFUSED when it is not allowed, an agent names it, it was not uploaded, or is too large; nothing of it was loaded
 */
export async function findUploadedMachine(home: Home, given: string): Promise<string | null> {
  const [, sha256] = UPLOAD.exec(given) ?? []
  if (sha256 === undefined || !home.isServed) return null
  assertRole(home, DEED)
  assertUnlimited(home, DEED)
  const { allowUploadedMachines, approvals } = await home.config()
  if (!allowUploadedMachines)
    throw refused('cutter.yaml does not say allowUploadedMachines, so no caller brings code', NEXT)
  if (approvals.strict === 'owner')
    throw refused('approvals.strict is owner: only modules under machines of cutter.yaml are loaded', NEXT)
  if ((await home.app()).deps.through === 'mcp') throw refused('an agent brings no code', NEXT)
  return keep(home.folder, findUpload(home.folder, sha256), sha256)
}

const NEXT = 'have the owner of cutter.yaml name the module: machines: { <name>: <path> }'

/** The module is read once: what is loaded has the digest that the caller named. */
async function keep(folder: string, upload: string, sha256: string): Promise<string> {
  const bytes = await readFile(upload).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EISDIR') return null
    throw error
  })
  if (bytes === null || bytes.length > INPUT_LIMITS.machine)
    throw refused(
      `upload:${sha256} is no file, or has more than ${INPUT_LIMITS.machine} bytes`,
      'upload the module as one file, in TypeScript or JavaScript',
    )
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw refused(`what is kept as upload:${sha256} has other bytes`, 'upload the module again')
  const kept = uploadedModulesFolder(folder)
  mkdirSync(kept, { recursive: true, mode: 0o700 })
  const path = join(kept, `${sha256}.ts`)
  const draft = `${path}.${process.pid}`
  try {
    await writeFile(draft, bytes, { mode: 0o600 })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
  return path
}

const refused = (why: string, next: string) =>
  new CutterError('INPUT_REFUSED', `the machine can’t be one that was uploaded: ${why}; nothing was loaded`, {
    next,
  })
