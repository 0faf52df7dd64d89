import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { RUN_PLACEHOLDER } from '../../src/domain/planned-command.ts'
import { rollbackLines, rollbackToPaste } from '../../src/reports/rollback-section.ts'

const RUN = 'idep-20261126T220613Z-b9c6bec8'
const script = 'printf \'%s|\' "$1" "$2"\nprintf \'%s\\n\' "$CUTTER_TOKEN"'
const rollback = [
  { id: 'withdraw', argv: ['sh', '-c', script, 'withdraw', "/srv/it's new", RUN_PLACEHOLDER] },
  { id: 'discard', argv: ['printf', '%s\\n', RUN_PLACEHOLDER] },
]
const shell = (line: string) => execFileSync('sh', ['-c', line], { encoding: 'utf8' })

describe('the rollback commands of a report', () => {
  test('do in a shell what the plan says, with the id of the run', () => {
    const [first, second] = rollbackToPaste(rollback, RUN)
    expect(shell(first!)).toBe(`/srv/it's new|${RUN}|${RUN}:9000000000000000\n`)
    expect(shell(second!)).toBe(`${RUN}\n`)
  })

  test('stand in one block from which they can be pasted', () => {
    const lines = rollbackLines('How it is taken back', rollback, RUN).map(String)
    const block = lines.slice(lines.indexOf('```sh') + 1, lines.lastIndexOf('```'))
    expect(shell(block.join('\n'))).toBe(`/srv/it's new|${RUN}|${RUN}:9000000000000000\n${RUN}\n`)
    expect(lines.join('\n')).not.toContain(RUN_PLACEHOLDER)
  })

  test('of a plan in words are its words', () => {
    const lines = rollbackLines('How it is taken back', { afterCommit: 'forward only' }, RUN).map(String)
    expect(lines).toContain('- `afterCommit`: `forward only`')
    expect(rollbackToPaste({ afterCommit: 'forward only' }, RUN)).toEqual([])
  })
})
