/** Attributes by which other systems cite an element: of Akoma Ntoso 3 and 2, of USLM, and of exports, which keep ids of their source. */
const ID_ATTRIBUTES = ['eId', 'wId', 'id', 'identifier', 'cutter:ids']
/** Maximum length of a start tag that is read, and of an id. */
const LONGEST_TAG = 8_192
const LONGEST_ID = 300

/** A start tag, with or without a prefix, and its attributes. */
const START_TAG =
  /^[\s\ufeff]*<[A-Za-z_][\w.-]*(?::[\w.-]+)?((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>/

/**
 * Lists the ids of the element with which a text begins, each once: what `eId`, `wId`, `id` and `identifier` hold. Ids with white space, and
 * ids that are longer than any address, are left out.
 */
export function listElementIds(text: string): string[] {
  const attributes = START_TAG.exec(text.slice(0, LONGEST_TAG))?.[1]
  if (attributes === undefined) return []
  const found = [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].flatMap(
    ([, name, double, single]) => (ID_ATTRIBUTES.includes(name!) ? idsIn(name!, (double ?? single)!) : []),
  )
  return [...new Set(found)].filter((id) => id.length <= LONGEST_ID && /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(id))
}

const idsIn = (name: string, value: string): string[] =>
  (name === 'cutter:ids' ? value.split(/\s+/) : [value.trim()]).map(decode)

/** The references that an attribute needs (XML 1.0, section 4.6). */
const decode = (value: string): string =>
  value.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => REFERENCES[name]!)
const REFERENCES: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
