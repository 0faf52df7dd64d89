import { writeFile } from 'node:fs/promises'
import type { Home } from '../../app/open-home.ts'
import { writeNewFile } from '../../bundle/write-new-file.ts'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import type { DocumentText } from '../../document/export/document-text.ts'
import { type ExportFormat, formatDocument } from '../../document/export/format-document.ts'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { assertReadsDocuments } from '../access/assert-reads-documents.ts'
import { admitFile, knownPath } from '../access/input-files.ts'
import { type Output, writeOutput } from '../write-output.ts'
import { readFileText, readTargetText } from './read-document-text.ts'
import { chooseReading, type ReadingInput } from './registered-document.ts'
import { validateAkn } from './validate-akn.ts'

export interface ExportDocumentInput extends ReadingInput {
  /** Path of a UTF-8 text. Left out: the units of `document` in `target`. */
  file?: string | undefined
  format: ExportFormat
  /** The database that holds the document, by its name in cutter.yaml. */
  target: string
  /** The source version to take; left out: the newest in force. */
  sourceVersion?: string | undefined
  /** Where to write it; left out: the content is part of the answer. */
  out?: Output | undefined
  /** For Akoma Ntoso: ISO 3166-1 alpha-2 in small letters, ISO 639-3, and the work's date as YYYY-MM-DD. */
  country: string
  language: string
  date?: string | undefined
}

/** What `document export --json` prints. */
export interface ExportedDocumentAnswer {
  document: string
  format: ExportFormat
  /** Only with `out`. */
  file?: string
  bytes: number
  sha256: string
  units: number
  sourceVersionId: string | null
  /** Null for a file. */
  inForce: boolean | null
  /** One sentence for each thing that the format can't express. */
  notes: string[]
  /** Only without `out`. */
  content?: string
}

/**
 * Exports a document in another format. A file is read without a store; a document of a target is read from the database.
 * @throws ACCESS_REFUSED, as every reading of documents
 * @throws USAGE when neither a file nor a document is named, or `CUTTER_AKN_XSD` is no absolute path, INPUT_REFUSED when the file can't be read, `out` exists or the target
 * holds no such document, TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function exportDocument(
  home: Home,
  given: ExportDocumentInput,
): Promise<ExportedDocumentAnswer> {
  assertReadsDocuments(home)
  const text =
    given.file === undefined ? await loadTargetText(home, given) : await loadFileText(home, given.file, given)
  const { format, country, language, date = null } = given
  const { content, notes: ofFormat } = formatDocument(text, { format, country, language, date })
  const notes = format === 'akn' ? [...ofFormat, ...(await validateAkn(home, content))] : ofFormat
  const written = given.out === undefined ? null : await writeContent(home, given.out, content)
  return {
    document: text.document,
    format,
    ...(written ?? {}),
    bytes: Buffer.byteLength(content),
    sha256: sha256(content),
    units: text.pieces.filter(({ kind }) => kind === 'unit').length,
    sourceVersionId: text.sourceVersionId,
    inForce: text.stored === null ? null : text.stored.inForceSince !== null,
    notes,
    ...(written === null ? { content } : {}),
  }
}

const writeContent = (home: Home, out: Output, content: string) =>
  writeOutput(home, out, async (file) => {
    await writeNewFile(file, (unfinished) => writeFile(unfinished, content))
    return { file }
  })

async function loadFileText(home: Home, file: string, given: ReadingInput): Promise<DocumentText> {
  const config = await home.config()
  const path = await admitFile(home, 'file', file)
  const { document, profile } = chooseReading(config, home, [knownPath(home, file, path)], given)
  const profiles = await loadCustomProfiles(config, home.folder)
  return readFileText(await readSource(path), { document, profile, profiles })
}

async function loadTargetText(home: Home, given: ExportDocumentInput): Promise<DocumentText> {
  const { document, target, sourceVersion: sourceVersionId, profile } = given
  if (document === undefined) {
    throw new CutterError('USAGE', 'which document? name a file, or a document of the target', {
      next: 'cutter document export <file> --format json, or cutter document export --document ID --format json',
    })
  }
  const app = await home.app()
  const profiles = await loadCustomProfiles(app.config, app.home)
  const wanted = { document, sourceVersionId, profile, profiles }
  return readTargetText(await app.target(target), app.deps.interrupt, wanted)
}
