import fc from 'fast-check'

/** Arguments of any bytes but NUL, for servers that take bytes. */
export const anyArgument = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))
/** Arguments that are text, for servers that take text only. */
export const anyText = fc
  .string({ maxLength: 40, unit: 'grapheme' })
  .map((text) => Buffer.from(text.replaceAll('\0', '')))
/** Arguments that a shell would change without quotes. */
export const SPECIAL_ARGUMENTS = [
  "'",
  "''",
  '"',
  '\\',
  '\n',
  '$(id)',
  '`id`',
  '!!',
  '*',
  '~',
  '-n',
  '',
  ' ',
  '\t',
  '\xff',
  '{a,b}',
  '#',
  ';',
  '&&',
]
/** Makes `sh` print its arguments in toHexLines, one on each line. */
export const PRINT_ARGUMENTS = [
  'sh',
  '-c',
  'for a in "$@"; do printf %s "$a" | od -An -v -tx1 | tr -d " \\n"; echo; done',
  'sh',
]
export const toHexLines = (argv: Buffer[]) => argv.map((argument) => `${argument.toString('hex')}\n`).join('')
