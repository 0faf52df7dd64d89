import { Argument, type Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from './define-command.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** What the scripts call at each press of the tab key. */
const CALLBACK = 'complete'
const SCRIPT = 'completion'

/** `cutter completion`: prints the script that a shell reads to complete commands, options and their values. */
export function defineCompletion(program: Command): void {
  defineCommand(
    program,
    SCRIPT,
    'print the completion script of a shell',
    'cutter completion bash > ~/.local/share/bash-completion/completions/cutter\n  cutter completion zsh > ~/.zsh/completions/_cutter\n  cutter completion fish > ~/.config/fish/completions/cutter.fish',
  )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(action((shell: Shell, _: GlobalOptions) => printScript(program, shell)))
  defineCommand(program, CALLBACK, 'print what may follow; completion scripts call it', 'cutter complete inb')
    .argument('[words...]', 'the words of the command line so far, after --')
    .action(action((words: string[], _: GlobalOptions) => printCompletions(program, words)))
}

async function printScript(program: Command, shell: Shell): Promise<number> {
  ;(await completionsOf(program)).setup(program.name(), program.name(), shell)
  return 0
}

async function printCompletions(program: Command, words: string[]): Promise<number> {
  ;(await completionsOf(program)).parse(words)
  return 0
}

/** Loaded here, because no other command completes anything. */
async function completionsOf(program: Command) {
  const { default: tab } = await import('@bomb.sh/tab/commander')
  // The library adds commands of these names itself.
  const all = program.commands as Command[]
  all.splice(0, all.length, ...all.filter((command) => ![CALLBACK, SCRIPT].includes(command.name())))
  return tab(program, { completionCommandName: SCRIPT })
}
