import type { CommandLine } from '../service/command-line.ts'

/** What `serve` offers to its clients: all commands, of which it is one. So it can’t import them. */
let commands: CommandLine | undefined

export function offerCommands(offered: CommandLine): void {
  commands = offered
}

export const offeredCommands = () => (commands === undefined ? {} : { commandLine: commands })
