import { listUnitParts, type UnitPart } from '../structure/unit-parts.ts'
import { createIdIssuer, idNumber } from './akn-ids.ts'
import { escapeXml, splitParagraphs } from './xml-text.ts'

const NAMES = { paragraph: ['paragraph', 'para'], point: ['point', 'point'] } as const

/** Where the parts of a unit are written. */
interface Place {
  eId: string
  wId: string
  indent: string
}

/** Writes paragraphs of text as `p` elements. */
export const paragraphLines = (paragraphs: string[], id: string, indent: string): string[] =>
  paragraphs.map((text, i) => `${indent}<p eId="${id}__p_${i + 1}">${escapeXml(text)}</p>`)

/**
 * Writes the paragraphs and points of a unit as `paragraph` and `point` elements, whose ids end as their addresses do. Null if nothing of the
 * unit is numbered: then its paragraphs are plain text.
 */
export function aknPartLines(address: string, body: string, place: Place): string[] | null {
  const parts = listUnitParts(address, body)
  if (!parts.some(({ mark, parts: points }) => mark !== null || points.length > 0)) return null
  return withParts({ body, start: 0, end: body.length, parts }, place)
}

interface Stretch {
  body: string
  start: number
  end: number
  parts: readonly UnitPart[]
}

/** Text before the parts is their `intro`, text behind them their `wrapUp`. Text between two of them stays with the first. */
function withParts({ body, start, end, parts }: Stretch, { eId, wId, indent }: Place): string[] {
  const deeper = `${indent}  `
  const block = (name: 'content' | 'intro' | 'wrapUp', text: string) => {
    const paragraphs = splitParagraphs(text)
    const id = `${eId}__${name.toLowerCase()}`
    if (paragraphs.length === 0 && name !== 'content') return []
    const written = paragraphLines(paragraphs.length === 0 ? [''] : paragraphs, id, deeper)
    return [`${indent}<${name} eId="${id}">`, ...written, `${indent}</${name}>`]
  }
  const last = parts.at(-1)
  if (last === undefined) return block('content', body.slice(start, end))
  const ids = createIdIssuer()
  const elements = parts.flatMap((part, i) => {
    const [element, reference] = NAMES[part.kind]
    const own = ids(`${reference}_${idNumber(part.number)}`)
    const ends = parts[i + 1]?.start ?? part.end
    const inside = withParts(
      { body, start: part.wordsStart, end: ends, parts: part.parts },
      { eId: `${eId}__${own}`, wId: `${wId}__${own}`, indent: deeper },
    )
    return [
      `${indent}<${element} eId="${eId}__${own}" wId="${wId}__${own}">`,
      ...(part.mark === null ? [] : [`${deeper}<num>${escapeXml(part.mark)}</num>`]),
      ...inside,
      `${indent}</${element}>`,
    ]
  })
  return [
    ...block('intro', body.slice(start, parts[0]!.start)),
    ...elements,
    ...block('wrapUp', body.slice(last.end, end)),
  ]
}
