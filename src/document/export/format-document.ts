import type { DocumentText } from './document-text.ts'
import { toAkn } from './to-akn.ts'
import { toJson } from './to-json.ts'
import { toMarkdown } from './to-markdown.ts'

/** A format in which a document can be exported. */
export type ExportFormat = 'akn' | 'json' | 'markdown'

/** The format, and facts for the metadata of Akoma Ntoso (see AknFacts). */
interface ExportOptions {
  format: ExportFormat
  country: string
  language: string
  date: string | null
}

/** A formatted document. */
interface ExportedDocument {
  content: string
  /** One sentence for each difference between the format and the text. */
  notes: string[]
}

/** Formats a document's text as JSON, Akoma Ntoso or Markdown. */
export function formatDocument(text: DocumentText, { format, ...facts }: ExportOptions): ExportedDocument {
  const standing =
    text.stored !== null && text.stored.inForceSince === null
      ? ['this text was cut and never enacted: its units are drafts, which are not in force']
      : []
  if (format === 'json') return { content: toJson(text), notes: standing }
  if (format === 'akn') {
    const { xml, notes } = toAkn(text, facts)
    return { content: xml, notes: [...standing, ...notes] }
  }
  const { markdown, asWritten } = toMarkdown(text)
  const made = asWritten
    ? []
    : ['the source is not Markdown: headings are made from its containers and units']
  return { content: markdown, notes: [...standing, ...made] }
}
