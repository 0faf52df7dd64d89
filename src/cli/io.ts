import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { visible, visibleLines } from '../domain/visible.ts'
import type { SecretRegistry } from '../service/redact.ts'
import { type Line, renderLine } from './line.ts'
import { currentPlace, type Place } from './place.ts'
import { cutTo, widthOf } from './text-width.ts'

/** Of a terminal that has no known width, in characters. */
const USUAL_WIDTH = 80

/** The streams of a command. With `--json` stdout carries JSON and nothing else; words for people go to stderr. */
export interface Io {
  json: boolean
  /** Prints one line on stdout for people. */
  out(line: Line): void
  /** Prints one line on stderr, redacted. */
  err(line: Line): void
  /** Prints one line on stderr as it is: what a person signs hides nothing of what would run. */
  errComplete(line: Line): void
  /** Prints a value on stdout as JSON. */
  outJson(value: unknown): void
  /** Prints a value on stdout as one line of JSON, for a reader who does not wait for the end of the command. */
  outJsonLine(value: unknown): void
  /** Prints bytes or a text of many lines on stdout: exactly as it is to a file or pipe, and with hidden characters spelled to a terminal. */
  outExactly(content: string | Uint8Array): void
  /** Prints the bytes of a file on stdout. */
  outFile(file: string): Promise<void>
  /** Shows a line on stderr that the next output replaces; null removes it. Where nobody watches a terminal, nothing is shown. */
  live(text: string | null): void
  /** Redacts the secrets in the strings of an error's facts. */
  redact<T>(value: T): T
  /** Whether a person watches a terminal. Then steps and progress are shown. */
  watched: boolean
  color: boolean
  /** The width that lines on stdout are fitted to, in characters; null where nothing is cut or broken. */
  width: number | null
}

/** The streams of the present command. Everything on stderr is redacted by `secrets`. */
export function ioOf(
  { stdout, stderr, color: allowsColor }: Place,
  json: boolean,
  secrets: SecretRegistry,
): Io {
  const watched = !json && stderr.isTerminal && stdout.isTerminal
  const color = watched && allowsColor
  const redactLine = (line: Line): Line =>
    typeof line === 'string' ? secrets.redactText(line) : secrets.redactWords(line)
  let shown = 0
  const erase = () => {
    if (shown > 0) stderr.writable.write(`\r${' '.repeat(shown)}\r`)
    shown = 0
  }
  return {
    json,
    out(line) {
      erase()
      stdout.writable.write(`${renderLine(line, color)}\n`)
    },
    err(line) {
      erase()
      stderr.writable.write(`${renderLine(redactLine(line), color)}\n`)
    },
    errComplete(line) {
      erase()
      stderr.writable.write(`${renderLine(line, color)}\n`)
    },
    live(text) {
      erase()
      if (text === null || !watched) return
      const line = cutTo(visible(secrets.redactText(text)), (stderr.columns ?? USUAL_WIDTH) - 1)
      stderr.writable.write(line)
      shown = widthOf(line)
    },
    outJson,
    outJsonLine: (value) => writeJson(JSON.stringify(value)),
    outExactly(content) {
      erase()
      outExactly(content)
    },
    outFile: (file) => pipeline(createReadStream(file), stdout.writable, { end: false }),
    redact: secrets.redactWords,
    watched,
    color,
    width: json ? null : (stdout.columns ?? null),
  }
}

/** Controls and separators that JSON allows within a text, and that a terminal could obey. */
const RAW_IN_JSON = /[\u007f-\u009f\u2028\u2029]/g

/** Prints a value as JSON. Every escape stands for the same character, so a program reads the same value. */
export const outJson = (value: unknown): void => writeJson(JSON.stringify(value, null, 2))

function writeJson(json: string): void {
  const text = json.replace(RAW_IN_JSON, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  currentPlace().stdout.writable.write(`${text}\n`)
}

function outExactly(content: string | Uint8Array): void {
  const { writable, isTerminal } = currentPlace().stdout
  if (!isTerminal) writable.write(content)
  else writable.write(visibleLines(Buffer.from(content as string).toString('utf8')).join('\n'))
}
