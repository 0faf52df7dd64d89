import { defineStartFlags } from '../run/input-flags.ts'

/** The machine of a `run start`, and the words with the command in front and all options behind it. */
interface StartedMachine {
  machine: string
  words: string[]
}

/**
 * Finds the machine that a command line starts. Options may stand before it, and between the words of the command. Null before a machine is named,
 * and for other commands.
 */
export function findStartedMachine(words: string[]): StartedMachine | null {
  // Those of every machine, because which one it is stands behind them.
  const known = defineStartFlags({ given: '', fields: [], example: '' }).options
  const takesValue = (word: string) =>
    known.some(({ long, required, optional }) => long === word && (required || optional))
  const command: string[] = []
  const options: string[] = []
  const typed = words.at(-1) ?? ''
  for (let at = 0; at < words.length - 1; at += 1) {
    const word = words[at]!
    // What follows the machine is in its order already.
    if (command.length === 3 || word.startsWith('-')) options.push(word)
    else command.push(word)
    if (command.length < 3 && takesValue(word) && at + 1 < words.length - 1) options.push(words[++at]!)
  }
  const [group, verb, machine] = command
  if (group !== 'run' || verb !== 'start' || machine === undefined) return null
  return { machine, words: [...command, ...options, typed] }
}
