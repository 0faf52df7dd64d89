/**
 * Address templates: `{name}` stands for a part, the group `[a|b]` for the first alternative of which every part is known. A group
 * without such an alternative is left out. Groups cannot be nested.
 */

const PART = /\{([a-z][a-z0-9-]*)\}/g

/** Returns a description of the fault in a template's braces and brackets, or null. */
export function findTemplateFault(template: string): string | null {
  const flat = template.replace(PART, '')
  if (/[{}]/.test(flat)) return 'an address template has parts such as {number}, and no other braces'
  return /^(?:[^[\]|]|\[[^[\]]*\])*$/.test(flat)
    ? null
    : 'groups of an address template are [ … ] and cannot be nested'
}

/** Text with parts: literals at even places, names of parts at odd ones. */
type Pieces = string[]

/** A template taken apart: pieces, and groups of alternative pieces. */
type Compiled = (Pieces | Pieces[])[]

const compiled = new Map<string, Compiled>()

function compileTemplate(template: string): Compiled {
  const known = compiled.get(template)
  if (known !== undefined) return known
  const parts = template.split(/\[([^[\]]*)\]/).map((text, i) => {
    return i % 2 === 0 ? text.split(PART) : text.split('|').map((one) => one.split(PART))
  }) as Compiled
  compiled.set(template, parts)
  return parts
}

/** Fills a template. An unknown part outside of a group becomes empty. */
export function fillTemplate(template: string, part: (name: string) => string | null): string {
  const fill = (pieces: Pieces) => {
    let text = ''
    for (let i = 0; i < pieces.length; i++) text += i % 2 === 0 ? pieces[i] : (part(pieces[i]!) ?? '')
    return text
  }
  const isKnown = (pieces: Pieces) => pieces.every((piece, i) => i % 2 === 0 || (part(piece) ?? '') !== '')
  let filled = ''
  for (const [i, each] of compileTemplate(template).entries()) {
    const pieces = i % 2 === 0 ? (each as Pieces) : (each as Pieces[]).find(isKnown)
    if (pieces !== undefined) filled += fill(pieces)
  }
  return filled
}
