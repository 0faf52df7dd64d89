import type { Command } from 'commander'
import { RUN_PAGE } from '../../client/command-words.ts'
import { CutterError } from '../../domain/errors.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { asideOf, readOutput } from '../output.ts'
import { currentPlace } from '../place.ts'
import { inHome, type Session } from '../session.ts'

interface Options extends GlobalOptions {
  html?: true
  out?: string
}

/**
 * `cutter run report`: makes the reports of a run that another process moved, or whose reports were deleted. With `--html` it writes one static
 * page about the run instead.
 */
export function defineReport(group: Command): void {
  defineCommand(
    group,
    'report',
    'make the reports of a run, and print their folder; or write one page about it',
    'cutter run report 0f3a9c1d\n  cutter run report 0f3a9c1d --html --out run.html\n  cutter run report 0f3a9c1d --html > run.html',
  )
    .argument('<run>', RUN)
    .option('--html', 'write one static page with timeline, plan differences and approvers')
    .option(
      '--out <file>',
      'with --html: the page to write; the file must not exist yet (-: stdout; default: stdout, and report.html where that is a terminal or for JSON)',
    )
    .action(action(report))
}

function report(run: string, options: Options): Promise<number> {
  return inHome(options, async (session) => {
    const { html, out } = options
    if (html === undefined && out !== undefined)
      throw new CutterError('USAGE', '--out is for the page of --html; nothing was written', {
        next: `cutter run report ${run} --html --out ${out}`,
      })
    if (html === true) return writePage(session, run, out ?? placeOfPage(session.io))
    const { reportRun } = await import('../../service/runs/report.ts')
    const made = await reportRun(session.home, { run })
    printAnswer(session.io, made, () => [
      `run     ${made.runId}, entry ${made.seq}`,
      `reports ${made.folder}`,
    ])
    return 0
  })
}

/** A page that nobody names a file for is for whoever reads stdout; on a terminal, where nobody reads HTML, it is a file. */
const placeOfPage = (io: Io) => (io.json || currentPlace().stdout.isTerminal ? RUN_PAGE : '-')

async function writePage({ home, io }: Session, run: string, out: string): Promise<number> {
  const { writeRunPage } = await import('../../service/runs/run-page.ts')
  const written = await writeRunPage(home, { run, out: readOutput(io, out) })
  printAnswer(asideOf(io, out), written, () => [
    `run     ${written.runId}, up to entry ${written.seq}`,
    `page    ${written.file}, ${written.bytes} bytes`,
  ])
  return 0
}
