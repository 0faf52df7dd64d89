import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type pg from 'pg'
import { expect } from 'vitest'
import { GOVERNANCE_TABLES } from '../../src/targets/postgres/target-schema.ts'
import {
  type Answer,
  type ApprovalJson,
  type CutterHome,
  type EntryJson,
  jsonOf,
  type RunJson,
} from './cli.ts'

/** Steps of a person at the command line, one function each. */

export const LIVE = 'execution: { allowLive: true }\n'
export const ALICE = 'alice@example.org'

/** A charter with one article for each text. */
export const charter = (...texts: string[]) =>
  `# Charter\n\nWords before the articles.\n\n${texts.map((text, index) => `## Article ${index + 1}\n\n${text}\n`).join('\n')}`

export interface StartFlags {
  document: string
  source: string
  mode?: 'live'
  target?: string
  more?: string[]
}

export function start(at: CutterHome, { document, source, mode, target, more = [] }: StartFlags) {
  const flags = ['--document', document, '--source', source]
  if (mode !== undefined) flags.push('--mode', mode)
  if (target !== undefined) flags.push('--target', target)
  return at.cutter(['run', 'start', 'cut', ...flags, '--json', ...more])
}

/** Starts a run, which must reach its first gate. Returns its id. */
export async function started(at: CutterHome, flags: StartFlags): Promise<string> {
  const answer = await start(at, flags)
  if (answer.code !== 0) throw new Error(`not started: ${answer.stderr}${answer.stdout}`)
  return jsonOf(answer).runId
}

export async function rehearse(at: CutterHome, runId: string, ...more: string[]): Promise<ApprovalJson> {
  return approvalOf(await at.cutter(['approval', 'rehearse', runId, '--json', ...more]))
}

/** Makes a key pair and lists it in allowed_signers. Returns the path of the private key. */
export function aSigner(at: CutterHome, principal = ALICE, namespaces = 'cutter.cut.*'): string {
  const name = principal.replace(/\W/g, '_')
  const key = at.path(name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key])
  const [type, text] = readFileSync(`${key}.pub`, 'utf8').split(' ')
  execFileSync('tee', ['-a', at.path('allowed_signers')], {
    input: `${principal} namespaces="${namespaces}" ${type} ${text}\n`,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  return key
}

export async function sign(at: CutterHome, runId: string, key: string, ...more: string[]) {
  return approvalOf(
    await at.cutter(['approval', 'sign', runId, '--as', ALICE, '--key', key, '--json', ...more]),
  )
}

function approvalOf(answer: Answer): ApprovalJson {
  if (answer.code !== 0) throw new Error(`no approval: ${answer.stderr}`)
  return jsonOf<ApprovalJson>(answer)
}

export function resume(at: CutterHome, runId: string | null, approvalId?: string, ...more: string[]) {
  const which = runId === null ? [] : [runId]
  const under = approvalId === undefined ? [] : ['--approval', approvalId]
  return at.cutter(['run', 'resume', ...which, ...under, '--json', ...more])
}

/** Signs an approval of the run's plan, and resumes the run with it. */
export async function approve(at: CutterHome, runId: string, key: string): Promise<Answer> {
  return resume(at, runId, (await sign(at, runId, key)).approvalId)
}

/** A live cut through both gates, which must bring its text into force. */
export async function cutInForce(
  at: CutterHome,
  key: string,
  flags: Omit<StartFlags, 'mode'>,
): Promise<RunJson> {
  const runId = await started(at, { ...flags, mode: 'live' })
  await approve(at, runId, key)
  const closed = jsonOf<RunJson>(await approve(at, runId, key))
  expect(closed, JSON.stringify(closed.stop)).toMatchObject({ outcome: 'succeeded' })
  return closed
}

/** Resumes a dry run with a rehearsal approval of its plan. */
export async function rehearseOn(at: CutterHome, runId: string): Promise<Answer> {
  return resume(at, runId, (await rehearse(at, runId)).approvalId)
}

export async function historyOf(at: CutterHome, runId: string): Promise<EntryJson[]> {
  return jsonOf<EntryJson[]>(await at.cutter(['run', 'history', runId, '--json']))
}

/** The reasons of the approvals that the history of a run records as refused, in order. */
export async function refusalReasons(at: CutterHome, runId: string): Promise<unknown[]> {
  const entries = await historyOf(at, runId)
  return entries
    .filter(({ event }) => event.type === 'cutter.approval-refused')
    .map(({ event }) => event.reason)
}

export async function enableExecution(at: CutterHome, time = '2h'): Promise<void> {
  const answer = await at.cutter(['execution', 'enable', '--for', time, '--reason', 'a test'])
  if (answer.code !== 0) throw new Error(answer.stderr)
}

export async function disableExecution(at: CutterHome): Promise<void> {
  await at.cutter(['execution', 'disable', '--reason', 'a test'])
}

/** Counts the rows of every table of the target, as the superuser. */
export async function rowsIn(superuser: pg.Client): Promise<{ [table: string]: number }> {
  const tables = ['public.information_unit', 'public.unit_version', 'public.iu_lifecycle_log'].concat(
    GOVERNANCE_TABLES.map((table) => `cutter_governance.${table}`),
  )
  const { rows } = await superuser.query<{ name: string; n: number }>(
    tables.map((name) => `select '${name}' as name, count(*)::int as n from ${name}`).join(' union all '),
  )
  return Object.fromEntries(rows.map(({ name, n }) => [name.split('.')[1]!, n]))
}

/** The rows added between two counts; `governance` is the sum of the governance tables. */
export function growth(before: { [table: string]: number }, after: { [table: string]: number }) {
  const grown = (table: string) => after[table]! - before[table]!
  return {
    units: grown('information_unit'),
    versions: grown('unit_version'),
    log: grown('iu_lifecycle_log'),
    governance: GOVERNANCE_TABLES.reduce((sum, table) => sum + grown(table), 0),
  }
}

/** Does work while cutter.yaml names other tools. */
export async function withTools<Result>(
  at: CutterHome,
  tools: { [name: string]: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const config = readFileSync(at.path('cutter.yaml'), 'utf8')
  writeFileSync(at.path('cutter.yaml'), `${config}\ntools: ${JSON.stringify(tools)}\n`)
  try {
    return await work()
  } finally {
    writeFileSync(at.path('cutter.yaml'), config)
  }
}
