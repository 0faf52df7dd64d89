import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findHome } from '../../client/find-service.ts'
import { textInLine } from '../../domain/visible.ts'
import type { ListedApproval } from '../../service/approvals/approval-answer.ts'
import type { RunAnswer } from '../../service/runs/run-answer.ts'
import { glanceOf, shortId } from '../glance.ts'

export type Offer = (value: string, description: string) => void

/** How many runs are offered: the newest. */
const OFFERED = '50'
/** How long whoever pressed the key waits, in milliseconds. */
const LONGEST_MS = 10_000

/** Offers the runs that begin or end as the last word: by their short ids, and by the complete ones once something is typed. */
export function listRuns(words: string[], offer: Offer): void {
  const typed = typedOf(words)
  const filter = typed === '' ? [] : ['--text', typed]
  for (const run of answerOf<RunAnswer>(words, ['run', 'list', '--limit', OFFERED, ...filter])) {
    const about = `${run.machine}, ${glanceOf(run, run.hold != null).word}: ${textInLine(run.about)}`
    for (const id of typed === '' ? [shortId(run.runId)] : [shortId(run.runId), run.runId]) offer(id, about)
  }
}

/** Offers the approvals of the run that the words name, else all. */
export function listApprovals(words: string[], offer: Offer): void {
  const [group, , run = ''] = words
  const isNamed = group === 'run' && run !== '' && !run.startsWith('-') && words.length > 3
  for (const approval of answerOf<ListedApproval>(words, ['approval', 'list', ...(isNamed ? [run] : [])])) {
    const { approvalId, gate, decision, approver, usedAt } = approval
    offer(approvalId, textInLine(`${decision} ${gate} by ${approver}${usedAt === null ? '' : ', used'}`))
  }
}

/** Offers the machines that cutter.yaml of the home names. Those that ship need no home. */
export function listOwnMachines(words: string[], offer: Offer): void {
  for (const { name, from } of answerOf<{ name: string; from: string }>(words, ['machine', 'list']))
    if (from !== 'shipped') offer(name, 'named by cutter.yaml')
}

/** What is typed of a value: the last word, or what follows `=` in an option. */
export function typedOf(words: string[]): string {
  const [last = ''] = words.slice(-1)
  return last.startsWith('-') ? last.replace(/^[^=]*=/, '') : last
}

/**
 * What a list command of this program prints as JSON, in a process of its own: so it asks the service where there is one, by the token of the
 * caller, and shows what that caller may see. Empty where it refuses.
 */
function answerOf<Item>(words: string[], command: string[]): Item[] {
  const at = words.indexOf('--home')
  const named = at === -1 ? undefined : words[at + 1]
  if (!hasHome(named)) return []
  const home = named === undefined ? [] : ['--home', named]
  try {
    const printed = execFileSync(
      process.execPath,
      [...process.execArgv, process.argv[1]!, ...command, '--json', ...home],
      { stdio: ['ignore', 'pipe', 'ignore'], timeout: LONGEST_MS, maxBuffer: 1 << 28 },
    )
    return JSON.parse(printed.toString('utf8')) as Item[]
  } catch {
    return []
  }
}

/** Whether there is anything to list. Without this a press of a key would make a home. */
function hasHome(named: string | undefined): boolean {
  const { env } = process
  if ((env.CUTTER_URL ?? '') !== '') return true
  const home = findHome(named ?? env.CUTTER_HOME ?? '', env, process.cwd())
  return home !== null && existsSync(join(home.folder, 'var'))
}
