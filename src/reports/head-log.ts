import {
  appendFile,
  appendFileSync,
  closeSync,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { HeadWitness } from '../domain/head-witness.ts'
import { reportsRoot, safeFileName } from './report-folder.ts'

/** The newest entries of runs at their rests: one line each, appended to `var/runs/heads`. */
export interface HeadLog {
  /** Resolves when the line is on the disk. Lines of the same moment share one sync. @throws when the disk refuses it */
  append(runId: string, witness: HeadWitness): Promise<void>
  close(): Promise<void>
}

/** `var/runs/heads` of a home. */
export const headLogFile = (home: string) => join(reportsRoot(home), 'heads')

const appendTo = promisify(appendFile)
const syncData = promisify(fdatasync)

/** Opens the log of a home at its first line. */
export function openHeadLog(home: string): HeadLog {
  let file: number | null = null
  let waiting: string[] = []
  let group: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const lines = waiting.join('')
    waiting = []
    group = null
    file ??= openToAppend(home)
    await appendTo(file, lines)
    await syncData(file)
  }

  return {
    append(runId, { seq, head, at }) {
      waiting.push(`${safeFileName(runId)} ${seq} ${head} ${at}\n`)
      // Whoever comes while a group is written joins the next one.
      group ??= last = last.catch(() => {}).then(write)
      return group
    },
    async close() {
      await last.catch(() => {})
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

/** A line that a crash cut short is ended first, so that the next one stands by itself. */
function openToAppend(home: string): number {
  mkdirSync(reportsRoot(home), { recursive: true, mode: 0o700 })
  const file = openSync(headLogFile(home), 'a+', 0o600)
  const { size } = fstatSync(file)
  const end = Buffer.alloc(1)
  if (size > 0 && readSync(file, end, 0, 1, size - 1) === 1 && end[0] !== LINE_END) appendFileSync(file, '\n')
  return file
}

const LINE_END = 0x0a
const CHUNK = 1 << 18
/** Longer than any line. */
const OVERLAP = 1_024

/**
 * Finds the newest entry that the log of a home names for a run. Null when it names none. It is read from its end, because people look at
 * runs that moved lately. A line that a crash cut short counts for nothing: nobody was answered before it was complete.
 */
export function findLoggedHead(home: string, runId: string): HeadWitness | null {
  const file = openToRead(headLogFile(home))
  if (file === null) return null
  try {
    const start = Buffer.from(`${safeFileName(runId)} `)
    const chunk = Buffer.alloc(CHUNK + 1 + OVERLAP)
    for (let end = fstatSync(file).size; end > 0; end -= CHUNK) {
      // With the byte before it, which tells whether a line starts there.
      const from = Math.max(0, end - CHUNK - 1)
      const length = readSync(file, chunk, 0, end - from + OVERLAP, from)
      const found = findInChunk(chunk.subarray(0, length), start, from === 0)
      if (found !== null) return found
    }
    return null
  } finally {
    closeSync(file)
  }
}

/** Reads the newest entry of each run that the log of a home names, by the run's file name. */
export function readLoggedHeads(home: string): Map<string, HeadWitness> {
  const heads = new Map<string, HeadWitness>()
  const file = openToRead(headLogFile(home))
  if (file === null) return heads
  closeSync(file)
  for (const line of readFileSync(headLogFile(home), 'latin1').split('\n').slice(0, -1)) {
    const logged = parseLoggedLine(line)
    if (logged !== null) heads.set(logged.name, logged.witness)
  }
  return heads
}

/** Bytes from the end of the log that show the newest rests, some 70. */
const NEWEST = 1 << 13

/** Reads, as `readLoggedHeads`, the entries that the end of the log names: those that a store lacks first that was copied too early. */
export function readNewestHeads(home: string): Map<string, HeadWitness> {
  const heads = new Map<string, HeadWitness>()
  const file = openToRead(headLogFile(home))
  if (file === null) return heads
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, NEWEST))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    // The first line may lack its start, the last one its end.
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .slice(size > bytes.length ? 1 : 0, -1)
    for (const line of lines) {
      const logged = parseLoggedLine(line)
      if (logged !== null) heads.set(logged.name, logged.witness)
    }
    return heads
  } finally {
    closeSync(file)
  }
}

/** Reads a complete line of the log, without its end. Null for what is not a line of Cutter. `name` is the file name of the run. */
export function parseLoggedLine(line: string): { name: string; witness: HeadWitness } | null {
  const end = line.indexOf(' ')
  const witness = end < 1 ? null : parseLine(line.slice(end + 1))
  return witness === null ? null : { name: line.slice(0, end), witness }
}

/** Opens the log to read it; null where there is none. */
export function openToRead(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return null
    throw error
  }
}

function findInChunk(chunk: Buffer, start: Buffer, isFirst: boolean): HeadWitness | null {
  for (let place = chunk.length; place >= 0; ) {
    place = place === 0 ? -1 : chunk.lastIndexOf(start, place - 1)
    if (place < 0) return null
    const isLineStart = place === 0 ? isFirst : chunk[place - 1] === LINE_END
    const end = chunk.indexOf(LINE_END, place)
    const witness =
      isLineStart && end > 0 ? parseLine(chunk.toString('latin1', place + start.length, end)) : null
    if (witness !== null) return witness
  }
  return null
}

function parseLine(text: string): HeadWitness | null {
  const [, seq, head, at] = /^([1-9]\d{0,14}) (sha256:[0-9a-f]{64}) (\d{4}-\S+Z)$/.exec(text) ?? []
  return head === undefined ? null : { seq: Number(seq), head, at: at! }
}
