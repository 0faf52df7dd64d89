/** Returns a unit's text without its heading's line. If the heading runs into the text, the rest of the line is kept. */
export function bodyOfUnit(text: string, heading: string | null): string {
  if (heading === null) return text
  const end = /\r\n|\r|\n/.exec(text)
  const line = (end === null ? text : text.slice(0, end.index)).normalize('NFC')
  const rest = end === null ? '' : text.slice(end.index)
  const at = line.indexOf(heading)
  if (at < 0) return text
  const behind = line.slice(at + heading.length)
  return /[\p{L}\p{N}]/u.test(behind) ? behind + rest : rest
}
