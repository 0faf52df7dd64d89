import { listElementIds } from '../syntax/element-ids.ts'
import { findXmlRoot } from '../syntax/other-formats.ts'
import type { TextPiece } from './document-text.ts'
import { readMarkupText } from './markup-text.ts'
import { bodyOfUnit } from './unit-body.ts'

/** A record with the words of its heading and the text behind it, without tags. */
export interface ReadPiece extends TextPiece {
  /** Null if the record has no heading, or one that Cutter made from its level and number. */
  title: string | null
  /** The heading as its text has it, with its number. */
  head: string
  body: string
  /** Ids that an element in XML has in the source. */
  ids: string[]
}

/** Whether the records of a text are HTML or XML: those with a heading begin with a tag. */
export function isMarkup(pieces: readonly TextPiece[]): boolean {
  const headed = pieces.filter(({ kind, heading }) => kind !== 'other' && heading !== null)
  return headed.length > 0 && headed.every(({ text }) => /^[\s\ufeff]*<[A-Za-z]/.test(text))
}

/** Reads the texts of records for export: HTML and XML without their tags, anything else as it is. */
export function readPieces(pieces: readonly TextPiece[]): ReadPiece[] {
  if (!isMarkup(pieces))
    return pieces.map((piece) => ({
      ...piece,
      title: piece.heading,
      head: /^[^\r\n]*/.exec(piece.text)![0].trim(),
      ids: [],
      body: piece.kind === 'other' ? piece.text : bodyOfUnit(piece.text, piece.heading),
    }))
  const isXml = findXmlRoot(Buffer.from(pieces.map(({ text }) => text).join(''))) !== null
  return pieces.map((piece) => {
    const { heading, level, number } = piece
    const { head, body } = readMarkupText(piece.text, { heading, isXml })
    const isMade = heading === `${level} ${number}`
    return {
      ...piece,
      title: isMade ? null : heading,
      ids: isXml && piece.kind !== 'other' ? listElementIds(piece.text) : [],
      head: head === '' ? (heading ?? '') : head,
      body: head === '' && piece.kind !== 'other' && !isMade ? bodyOfUnit(body, heading) : body,
    }
  })
}
