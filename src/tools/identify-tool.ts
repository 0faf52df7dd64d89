import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { rememberByFile } from './file-version.ts'
import type { Tool } from './open-tools.ts'
import { TRUSTED_PATH } from './trusted-folders.ts'

/** Which program a tool is, as evidence keeps it. */
export interface ToolIdentity {
  /** The command: the absolute path, and the arguments that cutter.yaml adds. */
  command: string[]
  /** Where the path leads, when it is a link. */
  realPath: string
  /** `sha256:…` of the program's bytes. */
  digest: string
}

/** Reads which program a tool is now. Hashes the file once for each version of it that this process meets. */
export async function identifyTool({ file, args }: Tool): Promise<ToolIdentity> {
  const realPath = await realpath(file)
  return { command: [file, ...args], realPath, digest: await knownDigest(realPath, () => digestOf(realPath)) }
}

const knownDigest = rememberByFile<string>()

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return `sha256:${hash.digest('hex')}`
}

/** What a tool answers to the question for its version. */
type VersionAnswer = { version: string } | { failed: string }

const knownVersion = rememberByFile<VersionAnswer>()

/**
 * Asks a tool for its version, as `askToolVersion` does, once for each version of its file. A tool that cutter.yaml names is asked each time: it
 * may be a script that runs another program.
 */
export function recallToolVersion(tool: Tool): Promise<VersionAnswer> {
  return tool.isConfigured ? askToolVersion(tool) : knownVersion(tool.file, () => askToolVersion(tool))
}

const VERSION_FLAGS: { [name in Tool['name']]?: string } = { ssh: '-V', openssl: 'version' }

/**
 * Asks a tool for its version: the first line that it prints. ssh-keygen has no such flag; ask ssh instead, which comes from the same
 * package. `failed` holds what it printed, or why it did not run, where it fails or gives no answer within 10 s.
 */
export function askToolVersion({ name, file, args }: Tool): Promise<VersionAnswer> {
  const flag = VERSION_FLAGS[name] ?? '--version'
  return new Promise((resolve) => {
    // Not in the caller's folder, which could hold a script that a relative path names.
    const options = { cwd: '/', timeout: 10_000, env: { PATH: TRUSTED_PATH, LC_ALL: 'C' } }
    execFile(file, [...args, flag], options, (error, stdout, stderr) => {
      const line = (text: string) => text.trim().split('\n')[0]!.slice(0, 200)
      const printed = line(`${stdout}${stderr}`)
      if (error === null && printed !== '') resolve({ version: printed })
      else resolve({ failed: printed || (error === null ? 'it prints nothing' : line(error.message)) })
    })
  })
}
