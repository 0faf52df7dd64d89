/** Characters that an XML document cannot hold, not even as a reference (XML 1.0, fifth edition, section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern has to match them
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu

/** Counts the characters that XML cannot hold. */
export function countUnwritable(text: string): number {
  return text.match(UNWRITABLE)?.length ?? 0
}

/**
 * Escapes text for element content and for attributes in double quotes. A carriage return becomes a line feed, because a parser
 * would read it as one.
 */
export function escapeXml(text: string): string {
  return text
    .replace(UNWRITABLE, '\ufffd')
    .replace(/\r\n?/g, '\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Splits a text at blank lines and trims the parts. A byte-order mark is not part of the text. */
export function splitParagraphs(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/(?:\r\n|\r|\n)(?:[ \t]*(?:\r\n|\r|\n))+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
}
