import type { Command as Completed, Completion, RootCommand } from '@bomb.sh/tab'
import type { Command } from 'commander'
import { visible } from '../../domain/visible.ts'
import { PATH_FIELDS } from '../../service/access/input-files.ts'
import { findShippedMachine, MACHINE_NAMES } from '../../service/machines/shipped-machines.ts'
import { addGlobalOptions } from '../define-command.ts'
import { defineStartFlags } from '../run/input-flags.ts'
import { listApprovals, listOwnMachines, listRuns, type Offer, typedOf } from './listed-ids.ts'
import { findStartedMachine } from './started-machine.ts'

/** What the scripts read at the end of an answer. */
const FILES = ':0'
const NO_FILES = ':4'

/** What every shell takes as it is. Another value is not offered, because a shell would insert it into the line. */
const PLAIN = /^[\w%+,./:=@-]+$/

/** The words of a line, and whether the place at which they end takes the name of a file. */
interface Asked {
  words: string[]
  takesFile: boolean
}

/**
 * Answers what may follow the words of a command line. Runs and approvals are those that the caller’s own list commands show.
 * @param words after the name of the program; the last one is what is typed so far, and may be empty
 * @returns a line for each value, with a tab and its description, and a last line that lets files follow, or not
 */
export async function answerWords(program: Command, words: string[]): Promise<string> {
  // Loaded here, because no other command completes anything.
  const { RootCommand } = await import('@bomb.sh/tab')
  const root = new RootCommand()
  const asked = { words, takesFile: false }
  addCommands(root, program, '', asked)
  const started = findStartedMachine(words)
  if (started !== null) await addStartFlags(root, started.machine, asked)
  const lines = completionsOf(root, started?.words ?? words).map(
    ({ value, description = '' }) => `${value}\t${visible(description)}`,
  )
  return [...lines, asked.takesFile ? FILES : NO_FILES, ''].join('\n')
}

/** Names the commands to the library, with what their arguments and options take. */
function addCommands(root: RootCommand, command: Command, path: string, asked: Asked): void {
  const completed = path === '' ? root : root.command(path, command.description())
  for (const argument of command.registeredArguments) {
    const name = argument.name()
    const kind = kindOf(path, name)
    completed.argument(name, (offer) => offerFor(kind, argument.argChoices, asked, offer), argument.variadic)
  }
  addOptions(completed, command, path, asked)
  for (const verb of command.commands) addCommands(root, verb, `${path} ${verb.name()}`.trim(), asked)
}

function addOptions(completed: Completed, command: Command, path: string, asked: Asked): void {
  const global = addGlobalOptions(command.createCommand()).options
  for (const { long, flags, description, argChoices, hidden } of [...command.options, ...global]) {
    const name = long?.slice(2)
    if (name === undefined || hidden) continue
    const [, value] = /[<[](\w+)/.exec(flags) ?? []
    if (value === undefined) completed.option(name, description)
    else {
      const kind = kindOf(path, name === 'approval' ? name : value)
      completed.option(name, description, (offer) => offerFor(kind, argChoices, asked, offer))
    }
  }
}

/** The flags that a shipped machine’s input gives. A module of the caller is not loaded for a press of a key. */
async function addStartFlags(root: RootCommand, machine: string, asked: Asked): Promise<void> {
  const found = await findShippedMachine(machine)
  if (found === null) return
  const completed = root.command(`run start ${machine}`, '')
  addOptions(completed, defineStartFlags(found), '', asked)
  for (const { name, choices } of found.fields) {
    const kind = PATH_FIELDS[machine]?.includes(name) === true ? 'file' : 'text'
    if (choices !== null || kind === 'file')
      completed.option(name, '', (offer) => offerFor(kind, choices ?? undefined, asked, offer))
  }
}

type Kind = 'run' | 'approval' | 'machine' | 'file' | 'text'

/** Names of arguments, and of the values of options, that name a file or folder of the caller. */
const PATHS = ['file', 'folder', 'bundle', 'old', 'new']

function kindOf(path: string, name: string): Kind {
  if (PATHS.includes(name) || `${path} ${name}` === 'machine new name') return 'file'
  return name === 'run' || name === 'approval' || name === 'machine' ? name : 'text'
}

function offerFor(kind: Kind, choices: readonly string[] | undefined, asked: Asked, offer: Offer): void {
  const { words } = asked
  if (kind === 'run') listRuns(words, offer)
  if (kind === 'approval') listApprovals(words, offer)
  // A machine may be a module of the caller’s own.
  if (kind === 'file' || kind === 'machine') asked.takesFile = true
  if (kind === 'machine') listOwnMachines(words, offer)
  for (const name of kind === 'machine' ? MACHINE_NAMES : []) offer(name, 'ships with Cutter')
  for (const choice of choices ?? []) offer(choice, '')
}

/** What the library finds for the words. It would print it, with a last line that nobody can choose. */
function completionsOf(root: RootCommand, words: string[]): Completion[] {
  Object.defineProperty(root, 'complete', { value: () => undefined })
  root.parse([...words])
  const typed = typedOf(words)
  // A group comes first, and then each of its verbs under the name of the group.
  const offered = new Map(root.completions.toReversed().map((completion) => [completion.value, completion]))
  return [...offered.values()].reverse().filter(({ value }) => value.startsWith(typed) && PLAIN.test(value))
}
