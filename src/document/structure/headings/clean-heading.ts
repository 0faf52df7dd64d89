/** A heading's text without the syntax around it, and what that syntax says. */
export interface CleanHeading {
  /** In NFC, with single spaces, without signs that are not seen. */
  text: string
  /** Whether all of it is struck out: the text is no longer law. */
  isStruck: boolean
}

/** Signs without a width: soft hyphens, joiners, marks of direction, variation selectors, byte-order marks. */
const UNSEEN = /[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g

/** Whatever `cleanHeading` removes, or the sign with which it begins. Most texts have nothing of it. */
const SYNTAX = /[&<^[{*`_~\\\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/

const ENTITIES: { [name: string]: string } = {
  nbsp: ' ',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  shy: '',
  sect: '§',
  amp: '&',
  ndash: '–',
  mdash: '—',
  ordm: 'º',
  sup1: '¹',
  sup2: '²',
  sup3: '³',
}

/** Elements of HTML at which a line ends: what comes behind one does not belong to a number before it. */
const BREAKS =
  /<\/?(?:br|p|div|h[1-6]|li|ol|ul|dl|dt|dd|t[dhr]|table|hr|blockquote|center)(?:[\s/][^<>]*)?>/gi

/** Elements of HTML whose words are struck out, which Markdown marks by "~~". */
const STRUCK = /<\/?(?:del|s|strike)(?:\s[^<>]*)?>/gi

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const raise = (digits: string) => [...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')

/** Removes emphasis, anchors, attributes, escapes, entities and unseen signs, which are not part of a heading's number. */
export function cleanHeading(raw: string): CleanHeading {
  let text = raw.normalize('NFC')
  if (/^[\w§][\w\s.,:§()–—-]*$/.test(text) && !text.includes('_'))
    return { text: withSingleSpaces(text), isStruck: false }
  if (!SYNTAX.test(text)) return { text: withoutBrackets(withSingleSpaces(text)), isStruck: false }
  text = withoutTags(
    text
      .replace(/&(#\d{1,6}|#x[0-9a-f]{1,5}|[a-z0-9]{2,6});/gi, decodeEntity)
      .replace(UNSEEN, '')
      .replace(/<sup>\s*(\d{1,4})\s*<\/sup>|\^(\d{1,4})\^/gi, (_, html?: string, marked?: string) =>
        raise(html ?? marked!),
      ),
  )
    .replace(/\[\^[^[\]]{1,40}\]/g, '')
    .replace(/\s*\{[:#.][^{}]*\}\s*$/, '')
    .trim()
  const isStruck = /^[*_]*~~[^~]+~~\W*$/u.test(text)
  // Struck words among others are no part of a number: "Article ~~2~~ 3".
  text = (isStruck ? text : text.replace(/~~[^~]+~~/g, ''))
    .replace(/[*`]|__|~~/g, '')
    .replace(/^_+|_+$/g, '')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replace(/^\[([^[\]]*)\]\([^()]*\)/, '$1')
  return { text: withoutBrackets(withSingleSpaces(text)), isStruck }
}

/** Removes the tags of HTML. Words that are struck out have the signs of Markdown then. */
export const withoutTags = (text: string): string =>
  text
    .replace(BREAKS, ' ')
    .replace(STRUCK, '~~')
    .replace(/<[^<>]*>/g, '')

function withSingleSpaces(text: string): string {
  // Nearly all texts have them already, and one search finds that out.
  const trimmed = text.trim()
  return / {2}|[^\S ]/.test(trimmed) ? trimmed.replace(/\s+/g, ' ') : trimmed
}

function decodeEntity(all: string, name: string): string {
  if (name[0] !== '#') return ENTITIES[name.toLowerCase()] ?? all
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : all
}

/** "[§ 106] Fees" and "[Article 6. Repealed.]": brackets around the number or around all of it. */
function withoutBrackets(text: string): string {
  const around = /^[[(]([^[\]()]*\p{N}[^[\]()]*|[^[\]()]*)[\])]\s*(.*)$/u.exec(text)
  if (around === null || !/^[\p{L}§]/u.test(around[1]!)) return text
  if (around[2] === '') return around[1]!
  return /\p{N}[\p{L}]{0,2}\.?$/u.test(around[1]!) ? `${around[1]} ${around[2]}` : text
}
