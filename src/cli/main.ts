import { endWithReader } from '../client/write-all.ts'
import { offerCommands } from './offered-commands.ts'
import { runProgram } from './run-program.ts'
import { performServed } from './served.ts'

/** How long what is left of a command may keep its process, in milliseconds. */
const LEFT_BEHIND_MS = 2_000

async function main(argv: string[]): Promise<void> {
  offerCommands(performServed)
  await runProgram(argv)
  // An effect that ignored its signal may still hold the process. What the command had to do is done.
  setTimeout(() => process.exit(), LEFT_BEHIND_MS).unref()
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') endWithReader()
})

void main(process.argv.slice(2))
