import type { Command } from 'commander'
import type { MachineTestAnswer } from '../../service/machines/test.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { defineStartFlags, readInputFlags } from '../run/input-flags.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  trial?: string
}

/**
 * `cutter machine test`: checks the types of a machine, walks it dry, and with a trial kills it at every write, resumes it and compares. Exit
 * code 1 when something does not hold, 3 when the module would strand open runs.
 */
export function defineTest(group: Command): void {
  const command = defineCommand(
    group,
    'test',
    'test a machine of your own: types, a dry run, kills at every write, and which open runs it would strand',
    'cutter machine test ./rotate-keys/rotate-keys.ts',
  )
  command
    .argument('<file>', 'path of the module, or its name in cutter.yaml')
    .argument('[flags...]', 'without a trial: the input of a dry run, as run start takes it')
    .option('--trial <file>', 'how to try it; without it <module>.trial.ts next to the module')
    .allowUnknownOption()
    .helpOption(false)
    .action(
      action((file: string, flags: string[], options: Options) => {
        if (['--help', '-h'].includes(file)) command.help()
        if (file.startsWith('-')) command.error("error: missing required argument 'file'")
        return test(file, flags, options)
      }),
    )
}

function test(file: string, args: string[], options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { findMachineUnderTest, testOwnMachine } = await import('../../service/machines/test.ts')
    const machine = await findMachineUnderTest(home, file)
    const flags = defineStartFlags(machine).parse(args, { from: 'user' }).opts<{ [field: string]: unknown }>()
    const input = readInputFlags(machine.fields, flags)
    const answer = await testOwnMachine(home, { machine, input, trial: options.trial })
    printAnswer(io, answer, () => linesOf(answer))
    if (answer.faults.length > 0) return 1
    return answer.runs.every(({ verdict }) => verdict === 'same' || verdict === 'upgrade') ? 0 : 3
  })
}

function linesOf({ machine, version, file, ...answer }: MachineTestAnswer): string[] {
  const { typesChecked, writesTried, walked, notReached, kills, faults, runs } = answer
  return [
    `machine  ${machine} ${version}   ${file}`,
    `types    ${typesChecked ? 'checked by tsc' : 'not checked: there is no node_modules/typescript above the module'}`,
    `dry run  ${shortWay(walked)}`,
    ...(notReached.length === 0 ? [] : [`         not reached: ${notReached.join(', ')}`]),
    ...kills.map(lineOfKill),
    ...(writesTried ? [] : ['writes   not tried: there is no trial (cutter machine new shows one)']),
    ...runs.map(
      ({ runId, version: from, verdict, why }) =>
        `run      ${runId} of version ${from}: ${verdict}${why === null ? '' : ` — ${why}`}`,
    ),
    ...faults.map((fault) => `fault    ${fault}`),
    faults.length === 0
      ? 'no fault was found'
      : `${faults.length} fault${faults.length === 1 ? ' was' : 's were'} found`,
    ...linesOfStranded(machine, runs),
  ]
}

function lineOfKill({ write, moment, at, of, executed, probe }: MachineTestAnswer['kills'][number]): string {
  const times = `done ${executed} time${executed === 1 ? '' : 's'}`
  if (moment !== 'in the write') return `kill     ${moment} ${write}; resumed, and ${times}`
  const then =
    probe === 'unknown'
      ? 'the run stopped for people: make the change in one step, or have the probe know what is left'
      : executed === 0
        ? 'it was not done again'
        : 'it was done'
  return `kill     ${moment} ${write} (${at} of ${of}); resumed, its probe answered ${probe}, and ${then}`
}

const MOST_SHOWN = 24

/** The milestones of a dry run. A chart in a circle has too many for a line. */
const shortWay = (walked: string[]): string =>
  walked.length <= MOST_SHOWN
    ? walked.join(' → ')
    : `${walked.slice(0, MOST_SHOWN).join(' → ')} → … (${walked.length} milestones)`

function linesOfStranded(machine: string, runs: MachineTestAnswer['runs']): string[] {
  const count = runs.filter(({ verdict }) => verdict === 'stranded').length
  if (count === 0) return []
  return [
    `${count} open run${count === 1 ? '' : 's'} of ${machine} would be stranded: close ${count === 1 ? 'it' : 'them'} first, or give the module an upgrade`,
  ]
}
