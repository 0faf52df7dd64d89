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

/** Fills a template. An unknown part outside of a group becomes empty. */
export function fillTemplate(template: string, part: (name: string) => string | null): string {
  const filled = (text: string) => text.replace(PART, (_, name: string) => part(name) ?? '')
  return filled(
    template.replace(/\[([^[\]]*)\]/g, (_, group: string) => {
      const known = group
        .split('|')
        .find((one) => [...one.matchAll(PART)].every(([, name]) => (part(name!) ?? '') !== ''))
      return known === undefined ? '' : filled(known)
    }),
  )
}
