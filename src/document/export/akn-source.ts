import { findXmlRoot } from '../syntax/other-formats.ts'
import type { TextPiece } from './document-text.ts'

/** A text that is Akoma Ntoso itself. */
export interface AknSource {
  xml: string
  namespace: string | null
}

/** Returns the text of records if it is Akoma Ntoso, else null. */
export function findAknSource(pieces: readonly TextPiece[]): AknSource | null {
  const xml = pieces.map(({ text }) => text).join('')
  const root = findXmlRoot(Buffer.from(xml))
  if (root?.name.split(':').at(-1)?.toLowerCase() !== 'akomantoso') return null
  return { xml, namespace: root.namespace }
}
