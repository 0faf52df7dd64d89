import type { ClientError } from './client-error.ts'
import { writeAll } from './write-all.ts'

/** Prints an error as every command does. */
export function fail(argv: string[], { code, message, next, exit }: ClientError): void {
  if (argv.includes('--json')) writeAll(1, `${JSON.stringify({ error: { code, message, next } }, null, 2)}\n`)
  writeAll(2, `cutter: ${visible(message)}\nnext: ${visible(next)}\n`)
  process.exitCode = exit
}

/** What a service or a variable says stays on its line. */
const visible = (text: string) =>
  text.replace(
    /[^\x20-\x7e\u00a0-\u2027\u2030-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
