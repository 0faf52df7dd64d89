/** XML 1.0, fifth edition, section 2.2: everything else can't stand in a document, not even as a reference. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu

export function countUnwritable(text: string): number {
  return text.match(UNWRITABLE)?.length ?? 0
}

/** As element content and inside of double quotes. A carriage return would be read back as a line feed, so it is one already. */
export function escapeXml(text: string): string {
  return text
    .replace(UNWRITABLE, '\ufffd')
    .replace(/\r\n?/g, '\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** What blank lines part, without the white space at the ends. A byte-order mark is no text. */
export function splitParagraphs(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/(?:\r\n|\r|\n)(?:[ \t]*(?:\r\n|\r|\n))+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
}
