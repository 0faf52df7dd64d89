import { isAbsolute } from 'node:path'
import { findPackagedSquawk } from './packaged-squawk.ts'
import { findTrustedProgram, isExecutable, TRUSTED_FOLDERS } from './trusted-folders.ts'

/** The programs that Cutter runs on this machine, by their keys in cutter.yaml. */
const PROGRAMS = {
  sshKeygen: 'ssh-keygen',
  ssh: 'ssh',
  git: 'git',
  squawk: 'squawk',
  pgDump: 'pg_dump',
  pgRestore: 'pg_restore',
  openssl: 'openssl',
} as const

export type ToolName = keyof typeof PROGRAMS

/** All names of tools, in the order in which `doctor` shows them. */
export const TOOL_NAMES = Object.keys(PROGRAMS) as ToolName[]

/** An absolute path, or a command: a program, by its path or its name in a trusted folder, and its first arguments. */
type Setting = string | string[]

/** `tools` of cutter.yaml. A tool that works with servers may have one setting for each major version. */
export type ToolSettings = { [Name in ToolName]?: Setting | { [serverMajor: string]: Setting } | undefined }

/** A program that Cutter runs. */
export interface Tool {
  name: ToolName
  /** Its absolute path. */
  file: string
  /** The arguments that come before Cutter's own. */
  args: string[]
  /** Whether cutter.yaml names it. */
  isConfigured: boolean
}

/** The programs of one home. Each is searched for once, when it is first needed. */
export interface Tools {
  /**
   * Finds a tool: the one that cutter.yaml names, else that of the first trusted folder that has it, and for squawk else that of npm. Null
   * when there is none.
   * @param serverMajor major version of the server that a tool of PostgreSQL works with
   */
  find(name: ToolName, serverMajor?: number): Tool | null
  /** Lists what `find` can return for a tool: one for each major version that cutter.yaml names. */
  list(name: ToolName): Tool[]
  /** Says why `find` returns null, and what to do: the rest of a sentence that begins with the name of the program. */
  describeMissing(name: ToolName, serverMajor?: number): { why: string; next: string }
}

/** Opens the tools that `settings` name or the trusted folders have. Searches for none yet. */
export function openTools(settings: ToolSettings): Tools {
  const found = new Map<string, Tool | null>()
  const resolved = (name: ToolName, setting: Setting | undefined): Tool | null => {
    const key = JSON.stringify([name, setting])
    const known = found.get(key)
    if (known !== undefined) return known
    const tool = resolveTool(name, setting)
    found.set(key, tool)
    return tool
  }
  return {
    find(name, serverMajor) {
      const setting = settingFor(settings[name], serverMajor)
      return setting === null ? null : resolved(name, setting)
    },
    list: (name) =>
      settingsOf(settings[name]).flatMap((setting) => {
        const tool = resolved(name, setting)
        return tool === null ? [] : [tool]
      }),
    describeMissing: (name, serverMajor) => describeMissing(name, settings[name], serverMajor),
  }
}

/** The tools of the trusted folders, for what works without a home. */
export const TRUSTED_TOOLS: Tools = openTools({})

/** The name of a program, for messages, such as `ssh-keygen`. */
export const programOf = (name: ToolName): string => PROGRAMS[name]

/** The files that decide what a tool does: the program, and every file that its first arguments name. Absolute paths. */
export const filesOfTool = ({ file, args }: Tool): string[] => [file, ...args.filter(isAbsolute)]

type Given = ToolSettings[ToolName]

const isByMajor = (given: Given): given is { [serverMajor: string]: Setting } =>
  typeof given === 'object' && !Array.isArray(given)

const settingsOf = (given: Given): (Setting | undefined)[] =>
  isByMajor(given) ? Object.values(given) : [given]

/** The setting for a server: that of its major version, else that of the next newer one. Null when there is none. */
function settingFor(given: Given, serverMajor = 0): Setting | undefined | null {
  if (!isByMajor(given)) return given
  const majors = Object.keys(given)
    .map(Number)
    .filter((major) => major >= serverMajor)
  return majors.length === 0 ? null : given[Math.min(...majors)]!
}

function resolveTool(name: ToolName, setting: Setting | undefined): Tool | null {
  if (setting === undefined) {
    const file = findTrustedProgram(PROGRAMS[name]) ?? (name === 'squawk' ? findPackagedSquawk() : null)
    return file === null ? null : { name, file, args: [], isConfigured: false }
  }
  const [program, ...args] = typeof setting === 'string' ? [setting] : setting
  const file = isAbsolute(program!) ? program! : findTrustedProgram(program!)
  return file === null || !isExecutable(file) ? null : { name, file, args, isConfigured: true }
}

function describeMissing(name: ToolName, given: Given, serverMajor?: number): { why: string; next: string } {
  const setting = settingFor(given, serverMajor)
  const key = `tools.${name}`
  if (setting === null)
    return {
      why: `has no entry for PostgreSQL ${serverMajor} or newer in cutter.yaml (${key})`,
      next: `add that version to ${key}`,
    }
  if (setting === undefined)
    return {
      why: `is in none of the folders that Cutter trusts (${TRUSTED_FOLDERS.join(', ')}); PATH does not count`,
      next: `install it there, or name its absolute path in cutter.yaml: tools: { ${name}: /path/to/${PROGRAMS[name]} }`,
    }
  const program = typeof setting === 'string' ? setting : setting[0]!
  return {
    why: `can’t be run as ${program}, which cutter.yaml names (${key}): ${isAbsolute(program) ? 'there is no executable file' : 'no trusted folder has it'}`,
    next: `correct ${key} in cutter.yaml, or install the program there`,
  }
}
