import { CommanderError } from 'commander'
import { redactSecretForms } from '../secrets/patterns.ts'
import { optionsBehindVerb } from './argv.ts'
import { USAGE_ERRORS } from './define-command.ts'
import { buildProgram } from './program.ts'

/** argv → options → command → exit code. */
async function main(argv: string[]): Promise<void> {
  const program = buildProgram((exitCode) => {
    process.exitCode = exitCode
  })
  // Usage errors are exit code 2 here, where commander says 1.
  for (const command of everyCommand(program)) command.exitOverride().configureOutput(USAGE_ERRORS)
  try {
    await program.parseAsync(optionsBehindVerb(program, argv.slice(2)), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
    if (error.exitCode !== 0 && argv.includes('--json')) {
      const message = redactSecretForms(error.message.replace(/^error: /, ''))
      process.stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message } }, null, 2)}\n`)
    }
  }
}

function everyCommand(command: ReturnType<typeof buildProgram>): ReturnType<typeof buildProgram>[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child as typeof command))]
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe (head, less) has left.
  if (error.code === 'EPIPE') process.exit(0)
})

void main(process.argv)
