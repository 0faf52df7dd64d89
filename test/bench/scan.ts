import { createHash } from 'node:crypto'
import { scanDocument } from '../../src/document/scan.ts'

/** The speed of scanning, in CPU time, because a scan never waits. */
export interface ScanRate {
  megabytesPerSecond: number
  /** Compared with composing (NFC) and hashing the same bytes on this machine. */
  ratio: number
}

const TEXT =
  'The members of the assembly — each in its turn — shall consider whether the measure is fit, and shall say so in the open. '
const paragraph = (times: number) => TEXT.repeat(times).replace(/(.{60,78}) /g, '$1\n')
const [long, short] = [paragraph(8), paragraph(4)]

/** Makes a law in Markdown: a chapter for every twenty articles, with paragraphs and a list in each. */
export function aLaw(megabytes: number): Buffer {
  const parts: string[] = []
  for (let article = 1, size = 0; size < megabytes * 1024 * 1024; article += 1) {
    const chapter = article % 20 === 1 ? `## Chapter ${(article + 19) / 20}\n\n` : ''
    const part = `${chapter}### Article ${article}\n\n${long}\n\n- item one\n- item 2 of many\n\n${short}\n\n`
    size += Buffer.byteLength(part)
    parts.push(part)
  }
  return Buffer.from(parts.join(''))
}

/** Measures one scan of the bytes. */
export function measureScan(bytes: Buffer): ScanRate {
  const limit = cpuSeconds(() =>
    createHash('sha256').update(bytes.toString('utf8').normalize('NFC')).digest('hex'),
  )
  const ours = cpuSeconds(() => scanDocument(bytes, { document: 'BENCH' }))
  return { megabytesPerSecond: bytes.length / 1024 / 1024 / ours, ratio: limit / ours }
}

function cpuSeconds(task: () => unknown): number {
  const begun = process.cpuUsage()
  task()
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1_000_000
}
