import type { Command } from 'commander'

/**
 * The arguments with `--json` and `--home` where every command knows them, behind the verb: `cutter --home X run list` means
 * what `cutter run list --home X` means. Only what stands before the verb's own arguments is moved.
 */
export function optionsBehindVerb(program: Command, args: string[]): string[] {
  const words: string[] = []
  const moved: string[] = []
  let command = program
  let at = 0
  for (; at < args.length; at += 1) {
    const arg = args[at]!
    if (arg === '--json' || arg.startsWith('--home=')) moved.push(arg)
    else if (arg === '--home' && at + 1 < args.length) moved.push(arg, args[++at]!)
    else {
      const verb = command.commands.find((child) => child.name() === arg)
      if (verb === undefined) break
      words.push(arg)
      command = verb
    }
  }
  const rest = args.slice(at)
  const end = rest.indexOf('--')
  const before = end < 0 ? rest : rest.slice(0, end)
  return [...words, ...before, ...moved, ...rest.slice(before.length)]
}
