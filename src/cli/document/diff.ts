import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand } from '../define-command.ts'
import { inHome } from '../session.ts'
import { linesOfDiff } from './diff-lines.ts'
import { addReadingOptions, type ReadingOptions } from './reading-options.ts'

/**
 * `cutter document diff`: shows which units a new text would add, change and remove, before anyone starts a run for it. Exit code 0 also
 * when the texts differ.
 */
export function defineDiff(group: Command): void {
  addReadingOptions(
    defineCommand(
      group,
      'diff',
      'compare two texts of a document, unit by unit; no run, no database',
      'cutter document diff charter-2010.md charter-2012.md',
    )
      .argument('<old>', 'the old text')
      .argument('<new>', 'the new text'),
    ' in the old text',
  ).action(action(diff))
}

function diff(old: string, now: string, options: ReadingOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const [{ compareDocuments }, { findChangedWords }] = await Promise.all([
      import('../../service/documents/diff.ts'),
      import('../../service/documents/changed-words.ts'),
    ])
    const { profile, document } = options
    const compared = await compareDocuments(home, { old, new: now, profile, document })
    printAnswer(io, compared.diff, () => linesOfDiff(compared.diff, findChangedWords(compared)))
    return 0
  })
}
