/** Commands that work by themselves also where a service is, with the reason. `store restore` and `store move` refuse to work while one runs. */
export const BY_ITSELF: { [command: string]: string } = {
  demo: 'it makes a home of its own',
  verify: 'it needs nothing but the bundle, and trusts no service',
  serve: 'it is the service',
  mcp: 'it speaks with an agent on its own stdin and stdout, and asks the service for each call',
  'store restore': 'the service must be stopped first',
  'store move': 'the service must be stopped first',
  completion: 'it prints a script for the shell of the caller',
  complete: 'it completes the words of the caller, and needs no home',
  'machine new': 'it writes a module for the caller',
  'machine check': 'it may load a module of the caller, and a service takes no code',
  'machine test': 'it loads a module of the caller, and a service takes no code',
  'migrate new': 'it writes files for the caller',
  'migrate import': 'it reads and writes files of the caller',
  'migrate merge': 'it reads and writes files of the caller',
  'migrate propose': 'it writes bundle.yaml for the caller',
  'migrate status': 'it reads files of the caller',
  'migrate lint': 'it reads files of the caller and needs no home',
}

/** Commands that sign with a key of the caller where these options are given. */
const SIGNING: { [command: string]: string | null } = {
  'approval sign': null,
  'approval countersign': '--key',
  'run review': '--key',
  'run void': '--key',
  'run abandon': '--key',
}

/** Commands that work by themselves, and need the home itself. */
const NEEDS_HOME = ['machine check', 'migrate propose', 'migrate status', 'store move', 'store restore']

/** Whether a command that works by itself needs the home, which is elsewhere where CUTTER_URL names a service. */
export const needsHome = (argv: string[]): boolean => NEEDS_HOME.includes(commandOf(argv).join(' '))

/** The first two words of a command line that are not options of the program. */
function commandOf(argv: string[]): string[] {
  const words: string[] = []
  for (let at = 0; at < argv.length && words.length < 2; at++) {
    const word = argv[at]!
    if (word === '--home') at += 1
    else if (!word.startsWith('-')) words.push(word)
  }
  return words
}

/** Whether the program works on a command itself, although there is a service. */
export function worksByItself(argv: string[]): boolean {
  const [first, second = ''] = commandOf(argv)
  if (first === undefined) return true
  if (Object.hasOwn(BY_ITSELF, first) || Object.hasOwn(BY_ITSELF, `${first} ${second}`)) return true
  const option = SIGNING[`${first} ${second}`]
  return option === null || (option !== undefined && findOption(argv, option) !== null)
}

/** The page that `run report --html` writes where its caller names none. */
export const RUN_PAGE = 'report.html'

/**
 * The file that a command writes for its caller: that of `--out`. The page of a run goes to stdout by default, and to a file where stdout is a
 * terminal or for JSON. Null without one.
 */
export function findOutputFile(argv: string[], isTerminal: boolean): string | null {
  const named = findOption(argv, '--out')
  if (named !== null) return named === '-' ? null : named
  const isPage = commandOf(argv).join(' ') === 'run report' && argv.includes('--html')
  return isPage && (isTerminal || argv.includes('--json')) ? RUN_PAGE : null
}

/** The value of an option in a command line; null without it. */
export function findOption(argv: string[], name: string): string | null {
  for (const [at, word] of argv.entries()) {
    if (word === '--') return null
    if (word === name) return argv[at + 1] ?? null
    if (word.startsWith(`${name}=`)) return word.slice(name.length + 1)
  }
  return null
}
