import { type AknSource, findAknSource } from './akn-source.ts'
import type { DocumentText } from './document-text.ts'
import { type NamedFacts, readFrontMatter } from './front-matter.ts'
import { AKN_NAMESPACE, type AknFacts, toAkn } from './to-akn.ts'
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
    const source = findAknSource(text.pieces)
    if (source !== null) return { content: source.xml, notes: [...standing, ...sourceNotes(source, facts)] }
    const named = readFrontMatter(text.pieces[0]?.text ?? '')
    const { xml, notes } = toAkn(text, { ...named.facts, ...chooseFacts(facts, named.facts) })
    return { content: xml, notes: [...standing, ...named.faults, ...notes] }
  }
  const { markdown, asWritten } = toMarkdown(text)
  const made = asWritten
    ? []
    : ['the source is not Markdown: headings are made from its containers and units']
  return { content: markdown, notes: [...standing, ...made] }
}

/** What was given for the export comes before what the front matter names. */
function chooseFacts(
  { country, language, date }: AknFacts,
  named: NamedFacts,
): Pick<AknFacts, 'country' | 'language' | 'date'> {
  return {
    country: country === UNKNOWN.country ? (named.country ?? country) : country,
    language: language === UNKNOWN.language ? (named.language ?? language) : language,
    date: date ?? named.date,
  }
}

/** Codes for what nobody names. */
const UNKNOWN = { country: 'xx', language: 'und' }

/** What to know of a source in Akoma Ntoso, which is exported with its own elements, ids and metadata. */
function sourceNotes({ namespace }: AknSource, { country, language, date }: AknFacts): string[] {
  const isGiven = country !== UNKNOWN.country || language !== UNKNOWN.language || date !== null
  return [
    'the source is Akoma Ntoso, and is exported as it is, with its own ids',
    ...(namespace === AKN_NAMESPACE
      ? []
      : [`its namespace is ${namespace ?? 'none'}, which is not that of Akoma Ntoso 3.0 (${AKN_NAMESPACE})`]),
    ...(isGiven
      ? ['country, language and date are those of the source: what was given for them is not used']
      : []),
  ]
}
