import { resolve } from 'node:path'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import type { DocumentText } from '../../document/export/document-text.ts'
import { type ExportOptions, formatDocument } from '../../document/export/format-document.ts'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { readFileText, readTargetText, writeExport } from '../../service/documents/read-document-text.ts'
import { readSource } from '../../targets/system/source-file.ts'
import { answer, type Io } from '../io.ts'
import { type CommonOptions, command, type Session } from '../session.ts'
import { type Looking, looking, registeredAt } from './looking.ts'

interface ExportFlags extends CommonOptions, Omit<ExportOptions, 'date'> {
  document?: string
  target: string
  sourceVersion?: string
  profile?: string
  out?: string
  date?: string
}

/** A file is read without a store, so that it leaves no trace in the folder; what a target holds is asked of a home. */
export function documentExport(file: string | undefined, options: ExportFlags): Promise<number> {
  if (file === undefined) {
    return command(options, async (session) =>
      exported(session.io, await fromTarget(session, options), options),
    )
  }
  return looking(options, async (found) => exported(found.io, await fromFile(file, found, options), options))
}

async function exported(io: Io, text: DocumentText, options: ExportFlags): Promise<number> {
  const { format, country, language, date = null, out } = options
  const { content, notes } = formatDocument(text, { format, country, language, date })
  if (out !== undefined) await writeExport(resolve(out), content)
  answerExport(io, { text, content, notes, format, out })
  return 0
}

async function fromFile(
  file: string,
  { home, config }: Looking,
  options: ExportFlags,
): Promise<DocumentText> {
  const path = resolve(file)
  const registered = registeredAt(config, home, path)
  const document = options.document ?? registered?.id ?? documentIdFromFile(file)
  const profile = options.profile ?? registered?.profile
  return readFileText(await readSource(path), {
    document,
    profile,
    profiles: await loadCustomProfiles(config, home),
  })
}

async function fromTarget({ app }: Session, options: ExportFlags): Promise<DocumentText> {
  const { document, target, sourceVersion: sourceVersionId, profile } = options
  if (document === undefined) {
    throw new CutterError('USAGE', 'which document? name a file, or a document of the target', {
      next: 'cutter document export <file> --format json, or cutter document export --document ID --format json',
    })
  }
  const opened = await app()
  return readTargetText(await opened.target(target), opened.parts.interrupt, {
    document,
    sourceVersionId,
    profile,
    profiles: await loadCustomProfiles(opened.config, opened.home),
  })
}

interface Answered {
  text: DocumentText
  content: string
  notes: string[]
  format: string
  out: string | undefined
}

function answerExport(io: Io, { text, content, notes, format, out }: Answered): void {
  const { document, sourceVersionId, stored } = text
  const units = text.pieces.filter(({ kind }) => kind === 'unit').length
  const facts = {
    ...{ document, format },
    ...(out === undefined ? {} : { file: out }),
    bytes: Buffer.byteLength(content),
    sha256: sha256(content),
    ...{ units, sourceVersionId, inForce: stored === null ? null : stored.inForceSince !== null, notes },
    ...(out === undefined ? { content } : {}),
  }
  if (!io.json) for (const note of notes) io.err(`cutter: ${note}`)
  if (!io.json && out === undefined) process.stdout.write(content)
  else answer(io, facts, () => linesOf(facts))
}

const linesOf = (facts: {
  document: string
  units: number
  file?: string
  bytes: number
  sha256: string
}) => [
  `document  ${facts.document}, ${facts.units} units`,
  `written   ${facts.file}: ${facts.bytes} bytes, sha256 ${facts.sha256}`,
]
