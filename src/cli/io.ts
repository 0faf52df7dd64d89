import type { SecretRegistry } from '../service/redact.ts'

/** The streams of a command. With `--json` stdout carries JSON and nothing else; words for people go to stderr. */
export interface Io {
  json: boolean
  out(text: string): void
  err(text: string): void
  /** Redacts the secrets in the strings of an error's facts. */
  redact<T>(value: T): T
  /** Whether a person watches a terminal. Then steps and progress are shown. */
  watched: boolean
  color: boolean
}

/** The streams of this process. Everything on stderr is redacted by `secrets`. */
export function processIo(json: boolean, env: NodeJS.ProcessEnv, secrets: SecretRegistry): Io {
  const watched = !json && process.stderr.isTTY === true && process.stdout.isTTY === true
  const color = watched && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  return {
    json,
    out: (text) => void process.stdout.write(`${json ? text : escapeControls(text, color)}\n`),
    err: (text) => void process.stderr.write(`${escapeControls(secrets.redactText(text), color)}\n`),
    redact: secrets.redactWords,
    watched,
    color,
  }
}

/** Control and bidi characters; also matches the rest of an SGR code, so that Cutter's own colours can be kept. */
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069](?:\[(?:1|2|22|31|32|39)m)?/gu

/** Escapes control characters in the text of others, which could make a plan seem to be another one. */
export function escapeControls(text: string, color: boolean): string {
  return text.replace(CONTROLS, (found) =>
    color && found.startsWith('\u001b[')
      ? found
      : `\\u{${found.codePointAt(0)!.toString(16)}}${found.slice(1)}`,
  )
}
