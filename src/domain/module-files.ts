/**
 * The files of users' modules that this process has loaded, for messages: an error that no effect can report, such as a rejection that nobody
 * awaits, names its line in them.
 */
const files = new Set<string>()
let loading: string | null = null

/** Remembers the files of a module before any line of it runs. */
export function rememberModuleFiles(more: readonly string[]): void {
  for (const file of more) files.add(file)
}

/** Does work in which a module is loaded. Until it ends, `findLoadingModule` returns the module. */
export async function whileLoading<T>(module: string, work: () => Promise<T>): Promise<T> {
  loading = module
  try {
    return await work()
  } finally {
    loading = null
  }
}

/** Finds the module that is being loaded. Null when none is. */
export const findLoadingModule = (): string | null => loading

/** Finds the first line of a stack that is in a user's module: `file:line:column`. Null when there is none. */
export function findModulePlace(stack: string | undefined): string | null {
  const line = (stack ?? '').split('\n').find((one) => [...files].some((file) => one.includes(`${file}:`)))
  return line?.trim().replace(/^at (?:.*\()?(.*?)\)?$/, '$1') ?? null
}

let lastWork: string | null = null

/** Remembers the effect of a user's module that works now, for an error that has no line. `place` is the line of its definition. */
export function rememberModuleWork(effect: string, place: string): void {
  lastWork = `the effect that worked last is ${effect}, ${place}`
}

/**
 * Finds where an error of a module comes from that no effect can report: its line, or, for an error that has lines of Node alone, such as those
 * of `fs/promises`, the effect that worked last. Null when it comes from elsewhere.
 */
export function findStrayPlace(stack: string): string | null {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return findModulePlace(stack) ?? (frames.every((line) => line.includes('node:')) ? lastWork : null)
}

/** Whether a text names a module by its path, and not by the name of a machine. */
export const isModulePath = (text: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(text)
