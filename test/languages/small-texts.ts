import { ROWS } from './small-texts-rows.ts'
import { SENTENCES } from './small-texts-sentences.ts'
import { SHAPES } from './small-texts-shapes.ts'

/*
 * Small texts whose units are marked by hand: ▸ before a unit, ▹ before a unit that is left out (repealed, omitted), ▿ before
 * one with text that may stand. The marks are taken out before a text is read. Most come from a row of headings, which is written in each layout that its language is printed in.
 */

/** A small text with the places at which units begin. */
export interface SmallText {
  name: string
  bytes: Buffer
  /** Byte offsets of the units that are cut. */
  units: number[]
  /** Byte offsets of the units that are left out. */
  leftOut: number[]
  /** Whether one of them has text that may stand, which has to be a finding. */
  isDoubtful: boolean
}

/** Ways in which laws print a heading. */
const LAYOUTS: { [layout: string]: (heading: string, sentence: string) => string } = {
  marked: (heading, sentence) => `▸## ${heading}\n\n${sentence}\n\n${sentence}\n\n`,
  asciidoc: (heading, sentence) => `▸== ${heading}\n\n${sentence}\n\n`,
  html: (heading, sentence) => `▸<h3>${heading}</h3>\n<p>${sentence}</p>\n`,
  paragraphs: (heading, sentence) => `▸<p>${heading}</p>\n<p>${sentence}</p>\n`,
  bold: (heading, sentence) => `▸**${heading}**\n\n${sentence}\n\n`,
  alone: (heading, sentence) => `▸${heading}\n\n${sentence}\n${sentence}\n\n`,
  dense: (heading, sentence) => `▸${heading}\n${sentence}\n`,
  runIn: (heading, sentence) => `▸${heading}${/[\p{L}\p{N}]$/u.test(heading) ? '.' : ''} ${sentence}\n\n`,
}

const fromRows = (): SmallText[] =>
  ROWS.trim()
    .split('\n')
    .flatMap((row) => {
      const [name, language, form, numbers] = row.split(' ; ') as [
        string,
        keyof typeof SENTENCES,
        string,
        string,
      ]
      const headings = numbers.split('|').map((number) => form.replace('{n}', number))
      return Object.entries(LAYOUTS).map(([layout, write]) =>
        smallText(
          `${name}, ${layout}`,
          headings.map((heading) => write(heading, SENTENCES[language])).join(''),
        ),
      )
    })

const MARK = /([▸▹▿])/gu

/** Takes the marks out of a text and keeps their places. */
function smallText(name: string, marked: string): SmallText {
  const units: number[] = []
  const leftOut: number[] = []
  let text = ''
  let from = 0
  for (const { 0: mark, index } of marked.matchAll(MARK)) {
    text += marked.slice(from, index)
    const places = mark === '▸' ? units : leftOut
    places.push(Buffer.byteLength(text))
    from = index + mark.length
  }
  const bytes = Buffer.from(text + marked.slice(from))
  return { name, bytes, units, leftOut, isDoubtful: marked.includes('▿') }
}

/** All small texts: the rows in each layout, and those that are written by hand. */
export const smallTexts = (): SmallText[] => [
  ...fromRows(),
  ...Object.entries(SHAPES).map(([name, text]) => smallText(name, text)),
]
