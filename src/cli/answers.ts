import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { RunAnswer } from '../service/runs/run-answer.ts'
import type { Io } from './io.ts'
import type { Line } from './line.ts'
import { linesOfDifferences, linesOfRun } from './run-lines.ts'

/** Prints the answer of a command: the value as JSON, or its lines. */
export function printAnswer(io: Io, value: unknown, lines: () => Line[]): void {
  if (io.json) io.outJson(value)
  else for (const line of lines()) io.out(line)
}

/** Prints a run as every run command does. */
export function printRun(io: Io, run: RunAnswer): void {
  printAnswer(io, run, () => linesOfRun(run, io.width))
}

/** Prints warnings on stderr. */
export function printWarnings(io: Io, warnings: string[]): void {
  for (const warning of warnings) io.err(`cutter: ${warning}`)
}

/** Prints an error on stderr, and with `--json` also on stdout, there together with the run that it is about. */
export function printError(io: Io, error: unknown, run: RunAnswer | null): void {
  const { code, message, next, data } = io.redact(describeError(error))
  if (io.json) {
    const facts = { code, message, ...(next === undefined ? {} : { next }), ...data }
    io.outJson({ ...run, error: facts })
  }
  io.err(`cutter: ${message}`)
  for (const line of linesOfDifferences(data)) io.err(line)
  if (next !== undefined) io.err(`next: ${next}`)
}

/** Prints that the operator interrupted the command. */
export function printInterrupted(io: Io, run: RunAnswer | null): void {
  const message = `interrupted; this settles the effects that were started: cutter run resume ${run?.runId ?? '<run>'}`
  if (io.json) io.outJson({ ...run, error: { code: 'INTERRUPTED', message } })
  io.err(`cutter: ${message}`)
}

function describeError(error: unknown): {
  code: string
  message: string
  next: string | undefined
  data: { [key: string]: Json }
} {
  if (error instanceof CutterError) {
    const { code, message, next, data } = error
    return { code, message, next, data }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'INTERNAL',
    message: `internal error: ${message}`,
    next: 'CUTTER_LOG=debug shows more',
    data: {},
  }
}
