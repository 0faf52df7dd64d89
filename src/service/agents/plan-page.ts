import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { readRunPlan } from '../runs/plan.ts'
import { showRun } from '../runs/show.ts'

/** Characters of a page at most. A page ends with a line where it can. */
const PAGE_LENGTH = 16_000

export interface PlanPageInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `json`: the canonical bytes. `markdown`: the plan for people. */
  format: 'markdown' | 'json'
  /** Counted from 1. */
  page: number
}

/** A page of a plan. The texts of all pages, one after the other, are the complete plan. */
export interface PlanPage {
  runId: string
  gate: string | null
  planDigest: string
  format: 'markdown' | 'json'
  page: number
  pages: number
  text: string
}

/**
 * Reads one page of the plan of a run. No part of the plan is left out: a reader who has read all pages has read what approvers answer for.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED; USAGE when several runs match or there is no such page; INPUT_REFUSED when the run has no plan yet
 */
export async function readPlanPage(
  home: Home,
  { run: text, format, page }: PlanPageInput,
): Promise<PlanPage> {
  // One page of units that holds them all.
  const plan = await readRunPlan(home, { run: text, format, page: 1, pageSize: Number.MAX_SAFE_INTEGER })
  const { run } = await showRun(home, { run: text })
  const pages = [...pagesOf(Buffer.from(plan).toString('utf8'))]
  const found = pages[page - 1]
  if (found === undefined)
    throw new CutterError(
      'USAGE',
      `the plan of run ${run.runId} has ${pages.length} pages, and no page ${page}`,
      {
        next: `ask for a page from 1 to ${pages.length}`,
      },
    )
  const { runId, gate, planDigest } = run
  return { runId, gate, planDigest: planDigest!, format, page, pages: pages.length, text: found }
}

/** Cuts a text at line ends, else between characters. */
function* pagesOf(text: string): Generator<string> {
  if (text === '') yield ''
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + PAGE_LENGTH, text.length)
    if (to < text.length) {
      const line = text.lastIndexOf('\n', to - 1) + 1
      if (line > from) to = line
      // The halves of a character stay together.
      else if (/[\ud800-\udbff]/.test(text[to - 1]!)) to -= 1
    }
    yield text.slice(from, to)
    from = to
  }
}
