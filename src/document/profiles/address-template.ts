/**
 * Address templates: `{name}` stands for a part, `[a|b]` for the first alternative of which every part is known; without one
 * the group is left out. Groups don't hold groups.
 */

const PART = /\{([a-z][a-z0-9-]*)\}/g

/** What is wrong with a template's braces and brackets, or null. */
export function findTemplateFault(template: string): string | null {
  const flat = template.replace(PART, '')
  if (/[{}]/.test(flat)) return 'an address template has parts such as {number}, and no other braces'
  return /^(?:[^[\]|]|\[[^[\]]*\])*$/.test(flat)
    ? null
    : 'groups of an address template are [ … ], not inside each other'
}

/** Fills a template; a part outside of a group that is not known becomes empty. */
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
