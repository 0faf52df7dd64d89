import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import { inHome } from '../session.ts'
import { addReadingOptions, type ReadingOptions } from './reading-options.ts'
import { linesOfScan, linesOfSuspects } from './scan-lines.ts'

/** Not allowed to continue. */
const EXIT_OF_UNEXPECTED = 3

/**
 * `cutter document scan`: shows the records and addresses that a cut would have, and each problem with its line. Exit code 0 also when
 * there are problems, because a run decides about them; 3 when a count is not as expected.
 */
export function defineScan(group: Command): void {
  addReadingOptions(
    defineCommand(
      group,
      'scan',
      'show how a document would be cut, and what is odd about it; no run, no database',
      'cutter document scan constitution.md --document ICX-CONST',
    ).argument('<file>', 'UTF-8 text: Markdown, plain text, HTML'),
    '',
  )
    .option('--all', 'list every record, however many there are')
    .option('--suspects', 'list only what the reading may have missed: line, code, reason')
    .option('--expect <counts>', 'what you counted, e.g. article=143,chapter=11; another count exits 3')
    .action(action(scan))
}

interface Options {
  all?: boolean
  suspects?: boolean
  expect?: string
}

function scan(file: string, options: ReadingOptions & Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { scanDocument } = await import('../../service/documents/scan.ts')
    const { profile, document, all = false, suspects, expect } = options
    const scanned = await scanDocument(home, { file, profile, document, suspects, expect })
    printAnswer(io, scanned, () =>
      suspects === true ? linesOfSuspects(scanned, file) : linesOfScan(scanned, { file, all }),
    )
    return scanned.problems.some(({ code }) => code === 'COUNT_UNEXPECTED') ? EXIT_OF_UNEXPECTED : 0
  })
}
