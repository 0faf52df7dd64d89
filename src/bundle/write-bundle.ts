import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { readKeyRotations, rotationsLeadingTo } from '../approvals/key-rotations.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { bundleFiles } from './bundle-files.ts'
import { REPORT } from './bundle-paths.ts'
import { loadRecord, withEvidenceBytes } from './load-record.ts'
import type { RenderPage, RunRecord } from './run-record.ts'
import { type CloseoutDeps, signCloseout } from './sign-closeout.ts'
import { packTar } from './tar.ts'
import { verifyInstructions } from './verify-instructions.ts'
import { findKeptProofs } from './when/kept-proofs.ts'
import { assertNewFile, writeNewFile } from './write-new-file.ts'

/** What writing a bundle needs. */
export interface BundleDeps extends CloseoutDeps {
  /** Makes the page about a run for people. Left out: the bundle has none. */
  renderPage?: RenderPage | undefined
  /** Asks for proofs of time that the run lacks. Returns a sentence for each that did not come. Left out: nobody is asked. */
  completeProofs?: ((run: Run) => Promise<string[]>) | undefined
}

/** The bundle that was written. `closeout` is null for an open run, whose end nobody can sign yet. */
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
  /** Why the closeout is not signed. */
  unsignedBecause?: string
  countersigned: string[]
  /** Sentences on proofs of time that were asked for in vain. */
  unproven?: string[]
}

/**
 * Writes everything that a run leaves into one evidence bundle: a file of mode 0600 that is complete or absent. Signs the closeout of
 * a closed run first, when it is not signed yet. The same run gives the same bytes.
 *
 * @throws INPUT_REFUSED when the file exists or can't be written, STORE_TAMPERED when the record of the run does not hold.
 */
export async function writeBundle(deps: BundleDeps, run: Run, file: string): Promise<WrittenBundle> {
  const { store, renderPage } = deps
  await assertNewFile(file)
  const fault = run.status === 'closed' ? await signIfPossible(deps, run) : null
  const unproven = (await deps.completeProofs?.(run)) ?? []
  const loaded = await withRotations(deps, await loadRecord(store, run))
  const record = await withEvidenceBytes(store, run, loaded)
  for (const [path, bytes] of await findKeptProofs(deps.folder, record)) record.optionalParts.set(path, bytes)
  if (renderPage !== undefined) record.optionalParts.set(REPORT, Buffer.from(await renderPage(record)))
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
    ...(fault === null ? {} : { unsignedBecause: fault }),
    countersigned: closeout?.countersigned.map(({ signer }) => signer) ?? [],
    ...(unproven.length === 0 ? {} : { unproven }),
  }
}

/** The same record with the rotations that led to the key of its closeout, so that a later rotation does not change the bundle. */
async function withRotations({ folder }: CloseoutDeps, record: RunRecord): Promise<RunRecord> {
  const { closeout } = record
  if (closeout === null) return record
  const chain = rotationsLeadingTo(closeout.instance.publicKey, await readKeyRotations(folder))
  if (chain.length === 0) return record
  return { ...record, closeout: { ...closeout, rotations: chain.map(({ rotation }) => rotation) } }
}

/** A bundle can be written without a usable key too, and then says that its closeout is not signed. Returns why; null when it is signed. */
async function signIfPossible(deps: CloseoutDeps, run: Run): Promise<string | null> {
  try {
    await signCloseout(deps, run)
    return null
  } catch (error) {
    const isOfKey = error instanceof CutterError && ['INPUT_REFUSED', 'STORE_UNWRITABLE'].includes(error.code)
    if (!isOfKey) throw error
    return error.message
  }
}
