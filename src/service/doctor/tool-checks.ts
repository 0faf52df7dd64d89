import { spawnSync } from 'node:child_process'
import { findWritableByOthers } from '../../approvals/file-permissions.ts'
import { askToolVersion, identifyTool } from '../../tools/identify-tool.ts'
import {
  filesOfTool,
  programOf,
  TOOL_NAMES,
  type Tool,
  type ToolName,
  type Tools,
} from '../../tools/open-tools.ts'
import { TRUSTED_FOLDERS, TRUSTED_PATH } from '../../tools/trusted-folders.ts'
import { type Finding, okay } from './finding.ts'

/** Checks that Node is 20.19 or newer. */
export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return okay('Node', process.version)
  return {
    check: 'Node',
    status: 'fail',
    message: `${process.version} is too old`,
    next: 'install Node 20.19 or newer',
  }
}

/** What Cutter can't do without a tool, and the package that has it. */
const USES: { [name in ToolName]: { without: string; from: string } } = {
  sshKeygen: { without: 'live runs can’t be approved here', from: 'openssh-client, elsewhere openssh' },
  ssh: { without: 'nothing can be deployed from here', from: 'openssh-client, elsewhere openssh' },
  git: { without: 'nothing can be deployed from here', from: 'git' },
  squawk: { without: 'plans of migrations hold no findings of squawk', from: 'squawk-cli, of npm' },
  pgDump: { without: 'migrations can’t be backed up here', from: 'postgresql-client' },
  pgRestore: { without: 'migrations can’t be backed up here', from: 'postgresql-client' },
  openssl: { without: 'time tokens can’t be asked for or checked here', from: 'openssl' },
}

/** Tools that Cutter works without as well. */
const OPTIONAL: ToolName[] = ['squawk', 'openssl']

/**
 * Checks each program that Cutter runs: its path, its version, its digest, and in a home that allows live runs, who could replace it.
 * @param live whether the home allows live runs, which refuse a program that others could replace
 */
export async function checkTools(tools: Tools, live: boolean): Promise<Finding[]> {
  const found = await Promise.all(
    TOOL_NAMES.map(async (name) => {
      const all = tools.list(name)
      if (all.length === 0) return [missing(tools, name)]
      return Promise.all(all.map((tool) => checkTool(tool, live)))
    }),
  )
  return [okay('trusted folders', TRUSTED_FOLDERS.join(', ')), ...found.flat()]
}

function missing(tools: Tools, name: ToolName): Finding {
  const { without, from } = USES[name]
  const { why, next } = tools.describeMissing(name)
  return {
    check: programOf(name),
    status: OPTIONAL.includes(name) ? 'ok' : 'warn',
    message: `${without}: ${programOf(name)} ${why}`,
    next: `${next}. Package: ${from}`,
  }
}

async function checkTool(tool: Tool, live: boolean): Promise<Finding> {
  const check = programOf(tool.name)
  const fault = findUnsafeFile(tool)
  if (fault !== null) return { check, status: live ? 'fail' : 'warn', ...fault }
  const { command, digest } = await identifyTool(tool)
  const facts = `${command.join(' ')}, ${digest.slice(0, 'sha256:'.length + 12)}…`
  if (tool.name === 'sshKeygen' && !canCheckSignatures(tool)) {
    const next = `install OpenSSH 8.9 or newer: ${USES.sshKeygen.from}`
    return { check, status: 'warn', message: `${facts}: too old to check signatures (-Y)`, next }
  }
  if (tool.name === 'sshKeygen') return okay(check, `${facts}, signs and checks signatures`)
  const asked = await askToolVersion(tool)
  if ('version' in asked && /\d/.test(asked.version)) return okay(check, `${facts}, ${asked.version}`)
  return {
    check,
    status: 'warn',
    message: `${facts}: it gives no version, but ${'failed' in asked ? asked.failed : asked.version}`,
    next: `run it by hand, and correct tools.${tool.name} in cutter.yaml or install ${USES[tool.name].from}`,
  }
}

function findUnsafeFile(tool: Tool): { message: string; next: string } | null {
  const uid = process.geteuid?.()
  if (uid === undefined) return null
  const faults = filesOfTool(tool).map((file) => findWritableByOthers(file, uid))
  const fault = faults.find((one) => one !== null)
  return fault === undefined || fault === null ? null : { message: fault.message, next: fault.next }
}

/** Signatures need `ssh-keygen -Y`, which came with OpenSSH 8.0 and verifies reliably from 8.9 on. */
function canCheckSignatures({ file, args }: Tool): boolean {
  const asked = spawnSync(file, [...args, '-Y', 'check-novalidate', '-n', 'cutter', '-s', '/dev/null'], {
    input: '',
    encoding: 'utf8',
    env: { PATH: TRUSTED_PATH, LC_ALL: 'C' },
  })
  return !/illegal option|unknown option|Unsupported/i.test(asked.stderr)
}
