import type { Command } from 'commander'
import type { UnitHistory } from '../../service/documents/history.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Line } from '../line.ts'
import { inHome } from '../session.ts'
import { markStretches } from './diff-lines.ts'
import { addTargetOption, approvedApart, toSecond } from './place-options.ts'

type Options = GlobalOptions & { target: string }

/** `cutter document history`: shows the versions of a unit, and the words that each of them changed. */
export function defineHistory(group: Command): void {
  addTargetOption(
    defineCommand(
      group,
      'history',
      'show the versions of a unit, and the words that each of them changed',
      'cutter document history ICX-CONST/ARTICLE-2',
    ).argument('<address>', 'a unit, or an id that the source gave it (LAW#art_5)'),
  ).action(action(history))
}

function history(address: string, { target, ...options }: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readUnitHistory } = await import('../../service/documents/history.ts')
    const found = await readUnitHistory(home, { address, target })
    printAnswer(io, found, () => [
      ...(found.alias === null ? [] : [`address  ${found.address}`, `alias    ${found.alias}`, '']),
      ...found.versions.flatMap(linesOfVersion),
    ])
    return 0
  })
}

function linesOfVersion(version: UnitHistory['versions'][number]): Line[] {
  const { versionSeq, status, runId, actor, text, changes } = version
  return [
    [
      { text: `version ${versionSeq}`, style: 'bold' },
      `  ${status}, ${timesOf(version)}${approvedApart(version)}`,
    ],
    `    by ${actor ?? 'nobody yet'}${runId === null ? '' : `, run ${runId}`}`,
    ...markStretches(changes ?? [{ kind: 'same', text }]),
    '',
  ]
}

/** A version that another one replaced before it commenced was never in force. */
function timesOf({ since, until }: UnitHistory['versions'][number]): string {
  if (since === null || (until !== null && until <= since)) return 'never in force'
  return `in force since ${toSecond(since)}${until === null ? '' : ` until ${toSecond(until)}`}`
}
