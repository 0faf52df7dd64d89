import { CutterError } from '../domain/errors.ts'
import type { Hold } from '../domain/hold.ts'
import type { Json } from '../domain/json.ts'
import { type Run, runSummary } from '../domain/run.ts'
import { createSecretRegistry } from '../secrets/redaction.ts'

/** What a command writes to. With `--json` stdout carries JSON and nothing else; words for people go to stderr. */
export interface Io {
  json: boolean
  out(text: string): void
  err(text: string): void
  /** Takes secrets out of what is told about errors. */
  words<T>(value: T): T
  /** Whether somebody watches: then phases are shown as they pass. */
  watched: boolean
  color: boolean
}

/** Without secrets known by value it takes out what looks like one. */
export function processIo(json: boolean, env: NodeJS.ProcessEnv, secrets = createSecretRegistry()): Io {
  const watched = !json && process.stderr.isTTY === true && process.stdout.isTTY === true
  const color = watched && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  return {
    json,
    out: (text) => void process.stdout.write(`${json ? text : escapeControls(text, color)}\n`),
    err: (text) => void process.stderr.write(`${escapeControls(secrets.text(text), color)}\n`),
    words: secrets.words,
    watched,
    color,
  }
}

/** What moves a terminal's cursor or turns its text round, with the end of a colour of ours where it is the begin of one. */
const ODD = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069](?:\[(?:1|2|22|31|32|39)m)?/gu

/** Spells out what others wrote for a terminal to obey: a plan could seem to be another one. */
export function escapeControls(text: string, color: boolean): string {
  return text.replace(ODD, (found) =>
    color && found.startsWith('\u001b[')
      ? found
      : `\\u{${found.codePointAt(0)!.toString(16)}}${found.slice(1)}`,
  )
}

/** The answer of a command: the value as JSON, or its lines. */
export function answer(io: Io, value: unknown, lines: () => string[]): void {
  io.out(io.json ? JSON.stringify(value, null, 2) : lines().join('\n'))
}

/** `hold`: what binds the run; left out where nobody asked. */
export function answerRun(io: Io, run: Run, hold?: Hold | null): void {
  answer(io, runSummary(run, hold), () => linesOfRun(run, hold))
}

export function answerError(io: Io, error: unknown, run: Run | null, hold?: Hold | null): void {
  const { code, message, next, data } = io.words(described(error))
  if (io.json) {
    const facts = { code, message, ...(next === undefined ? {} : { next }), ...data }
    io.out(JSON.stringify({ ...(run === null ? {} : runSummary(run, hold)), error: facts }, null, 2))
  }
  io.err(`cutter: ${message}`)
  for (const line of differencesIn(data)) io.err(`differs: ${line}`)
  if (next !== undefined) io.err(`next: ${next}`)
}

/** What is not as it was approved, a line each, where an error or a stop says so. */
function differencesIn(data: { [key: string]: Json } | undefined): string[] {
  const lines = data?.differences
  return Array.isArray(lines) ? lines.map(String) : []
}

/** What Ctrl-C leaves is no error of ours, but whoever reads JSON must be told. */
export function answerInterrupted(io: Io, run: Run | null = null, hold?: Hold | null): void {
  const message = `interrupted; what was begun is settled by: cutter run resume ${run?.runId ?? '<run>'}`
  const shown = run === null ? {} : runSummary(run, hold)
  if (io.json) io.out(JSON.stringify({ ...shown, error: { code: 'INTERRUPTED', message } }, null, 2))
  io.err(`cutter: ${message}`)
}

function described(error: unknown) {
  if (error instanceof CutterError) {
    const { code, message, next, data } = error
    return { code: code as string, message, next, data }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'INTERNAL',
    message: `internal error: ${message}`,
    next: 'CUTTER_LOG=debug shows more',
    data: {},
  }
}

export function linesOfRun(run: Run, hold?: Hold | null): string[] {
  const standing = {
    working: () => `works on ${run.phase ?? 'its next step'}`,
    paused: () => `waits at gate ${run.gate}`,
    stopped: () => `stopped: ${run.stop?.message}`,
    closed: () => `closed: ${run.outcome}`,
  }[run.status]()
  const next = run.stop?.next?.replaceAll('<run>', run.runId)
  return [
    `run     ${run.runId}   ${run.machine} ${run.version}, ${run.mode}`,
    `state   ${run.state} — ${standing}`,
    ...(run.stopCode === null ? [] : [`code    ${run.stopCode}`]),
    ...(hold ? [lineOfHold(hold)] : []),
    ...(run.planDigest === null ? [] : [`plan    ${run.planDigest}`]),
    ...wrapped(factsOf(run)),
    ...differencesIn(run.stop?.data).map((line) => `differs ${line}`),
    ...(next === undefined ? [] : [`next    ${next}`]),
    ...(run.status === 'paused' ? [`next    ${nextAtGate(run)}`] : []),
  ]
}

export const lineOfHold = ({ since, reason, by }: Hold) => `hold    since ${since} (${reason}, ${by})`

/** What the machine reports, where it is short enough for a line; `--json` has the rest. */
function factsOf({ output }: Run): string[] {
  return Object.entries(output as { [key: string]: unknown }).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [`${key} ${value}`] : [],
  )
}

function wrapped(facts: string[]): string[] {
  const lines: string[] = []
  for (const fact of facts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + fact.length < 96) lines[lines.length - 1] = `${last} · ${fact}`
    else lines.push(fact)
  }
  return lines.map((line, index) => `${index === 0 ? 'facts ' : '      '}  ${line}`)
}

function nextAtGate(run: Run): string {
  const approve =
    run.mode === 'live'
      ? `cutter approval sign ${run.runId} --as <principal> --key <file>`
      : `cutter approval rehearse ${run.runId}`
  return `read cutter run plan ${run.runId}, then ${approve}, then cutter run resume --approval <id>`
}

/** Columns as wide as their widest cell, for lists on a terminal. */
export function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [line(head), ...rows.map(line)]
}
