import { Console } from 'node:console'
import { findModulePlace } from '../domain/module-files.ts'

/**
 * Keeps the code of users' modules from what belongs to the process: stdout has the answer of a command, which programs read; the end and the
 * working folder of the process are Cutter's. This is help for authors and no wall: a module runs with all rights of the process.
 */
export function confineModules(): void {
  globalThis.console = new Console(process.stderr, process.stderr)
  keepOffStdout()
  refuse('exit', 'end the process', 'throw an error, or a Stop, which stops the run')
  refuse('abort', 'end the process', 'throw an error, or a Stop, which stops the run')
  refuse('kill', 'end the process', 'throw an error, or a Stop, which stops the run', isOwnEnd)
  refuse('chdir', 'change the working folder', 'use absolute paths')
}

/** Marks what replaces a function, so that it is not replaced again with each module. */
const OURS = Symbol('replaced for modules')

function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  make: (original: Owner[Name]) => Owner[Name],
): void {
  const original = owner[name]
  if (Object.hasOwn(original as object, OURS)) return
  owner[name] = Object.assign(make(original) as object, { [OURS]: true }) as Owner[Name]
}

/**
 * Whether a signal ends this process: by its id, by its group, or as one of all. Signal 0 asks only. SIGKILL is let through: it is a crash, by
 * which an author tries what the machine does after one.
 */
const isOwnEnd = (pid: unknown, signal: unknown) =>
  [process.pid, -process.pid, 0, -1].includes(Number(pid)) && ![0, 9, 'SIGKILL'].includes(signal as string)

function refuse(
  name: 'exit' | 'abort' | 'kill' | 'chdir',
  what: string,
  instead: string,
  isRefused: (...given: unknown[]) => boolean = () => true,
): void {
  replace(process, name, (original) => {
    const refusing = (...given: unknown[]) => {
      if (isRefused(...given) && findCaller() !== null)
        throw new Error(`a machine may not ${what} (process.${name}): ${instead}`)
      return Reflect.apply(original, process, given)
    }
    return refusing as typeof original
  })
}

function keepOffStdout(): void {
  const { stdout, stderr } = process
  replace(stdout, 'write', (original) => {
    const write = (...given: unknown[]) =>
      findCaller() === null
        ? Reflect.apply(original, stdout, given)
        : Reflect.apply(stderr.write, stderr, given)
    return write as typeof original
  })
}

/** The line of a user's module from which the present call comes. Null when it comes from Cutter or from a package by itself. */
function findCaller(): string | null {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 50
  const { stack } = new Error('where')
  Error.stackTraceLimit = stackTraceLimit
  return findModulePlace(stack)
}
