import { Argument, type Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { withoutHome } from '../session.ts'
import { answerWords } from './answer-words.ts'
import { SHELL_SCRIPTS } from './shell-scripts.ts'

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
    .action(action((shell: Shell, options: GlobalOptions) => print(options, SHELL_SCRIPTS[shell])))
  defineCommand(program, CALLBACK, 'print what may follow; completion scripts call it', 'cutter complete inb')
    .argument('[words...]', 'the words of the command line so far, after --')
    .action(
      action(async (words: string[], options: GlobalOptions) =>
        print(options, await answerWords(visibleOf(program), words)),
      ),
    )
}

/** Nobody types the command that scripts call. */
function visibleOf(program: Command): Command {
  const all = program.commands as Command[]
  all.splice(0, all.length, ...all.filter((command) => command.name() !== CALLBACK))
  return program
}

function print(options: GlobalOptions, text: string): Promise<number> {
  return withoutHome(options, async ({ io }) => {
    io.outExactly(text)
    return 0
  })
}
