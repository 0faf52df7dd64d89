import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import { inHome } from '../session.ts'
import { addReadingOptions, type ReadingOptions } from './reading-options.ts'
import { linesOfScan } from './scan-lines.ts'

/**
 * `cutter document scan`: shows the records and addresses that a cut would have, and each problem with its line. Exit code 0 also when
 * there are problems, because a run decides about them.
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
    .action(action(scan))
}

function scan(file: string, options: ReadingOptions & { all?: boolean }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { scanDocument } = await import('../../service/documents/scan.ts')
    const { profile, document, all = false } = options
    const scanned = await scanDocument(home, { file, profile, document })
    printAnswer(io, scanned, () => linesOfScan(scanned, { file, all }))
    return 0
  })
}
