import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { link, rename, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { bundleFiles } from './bundle-files.ts'
import { loadRecord, withEvidenceBytes } from './load-record.ts'
import { type CloseoutDeps, signCloseout } from './sign-closeout.ts'
import { packTar } from './tar.ts'
import { verifyInstructions } from './verify-instructions.ts'

/** What was written. `closeout` is null for an open run, whose end nobody can sign yet. */
export interface WrittenBundle {
  runId: string
  file: string
  /** SHA-256 of the bundle, as `sha256:<64 hex>`, and its length in bytes. */
  digest: string
  bytes: number
  files: number
  entries: number
  status: Run['status']
  closeout: 'signed' | 'unsigned' | null
  countersigned: string[]
}

/**
 * Writes everything that a run leaves into one bundle file, mode 0600, whole or not at all; a closed run that is not sealed yet
 * is sealed first. The same run gives the same bytes. Throws INPUT_REFUSED when the file exists or can't be made, STORE_TAMPERED
 * for a record that does not hold.
 */
export async function writeBundle(sealing: CloseoutDeps, run: Run, file: string): Promise<WrittenBundle> {
  const { store } = sealing
  await refuseExisting(file)
  if (run.status === 'closed') await sealIfPossible(sealing, run)
  const record = await withEvidenceBytes(store, run, await loadRecord(store, run))
  const files = bundleFiles(record, verifyInstructions(record))
  await writeNewFile(file, (unfinished) =>
    pipeline(packTar(files), createWriteStream(unfinished, { flags: 'wx', mode: 0o600 })),
  )
  const sum = createHash('sha256')
  await pipeline(createReadStream(file), sum)
  const { closeout, history } = record
  return {
    runId: run.runId,
    file,
    digest: `sha256:${sum.digest('hex')}`,
    bytes: (await stat(file)).size,
    files: files.size,
    entries: history.length,
    status: run.status,
    closeout: run.status === 'closed' ? (closeout === null ? 'unsigned' : 'signed') : null,
    countersigned: closeout?.countersigned.map(({ signer }) => signer) ?? [],
  }
}

/** A run that closed where no ssh-keygen is can be exported all the same, and the bundle says so. */
async function sealIfPossible(sealing: CloseoutDeps, run: Run): Promise<void> {
  try {
    await signCloseout(sealing, run)
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'TOOL_MISSING') throw error
  }
}

async function refuseExisting(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) !== null) throw exists(file)
}

function exists(file: string): CutterError {
  return new CutterError('INPUT_REFUSED', `${file} exists already; nothing was written`, {
    next: 'name another file with --out',
  })
}

/** Written aside, then linked into its place: a link is never made over a file that came meanwhile. */
export async function writeNewFile(
  file: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.unfinished`
  try {
    await write(unfinished)
    await link(unfinished, file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw exists(file)
      // Some file systems know no links.
      await rename(unfinished, file)
    })
  } catch (error) {
    if (error instanceof CutterError) throw error
    throw new CutterError('INPUT_REFUSED', `can't write ${file}: ${(error as Error).message}`, {
      next: 'name a file in a folder that can be written with --out',
      cause: error,
    })
  } finally {
    await rm(unfinished, { force: true })
  }
}
