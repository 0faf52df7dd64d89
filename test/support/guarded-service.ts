import { execFileSync } from 'node:child_process'
import {
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from './cli.ts'
import { charter } from './cli-steps.ts'
import { CALLER, SERVICE_USER } from './os-users.ts'
import { type ServingProgram, serve } from './serving-program.ts'
import { type KeyFolder, openKeyFolder } from './ssh-keys.ts'

/** A service that runs as a user of its own, set up as SECURITY.md says, and another user who has nothing but a token. */

/** What nobody but the service may learn: the password in the URL of a target. */
export const PASSWORD = 'correct-horse-battery-9f3a'
const CONFIG = `execution: { allowLive: true }
targets: { prod: { readerUrlEnv: PROD_URL, executorUrlEnv: PROD_URL, verifierUrlEnv: PROD_URL } }
approvals:
  strict: owner
  policy: { cut.SG1: { need: 2 }, cut.SG2: { need: 2 } }
`
export const APPROVERS = ['alice@example.org', 'carol@example.org'] as const

interface ApiAnswer {
  status: number
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: the answer, as a caller meets it
  json: any
}

export interface GuardedService {
  at: CutterHome
  service: ServingProgram
  keys: KeyFolder
  /** The token of the caller: an operator's. */
  token: string
  /** Of each approver: a viewer's. */
  approverTokens: { [approver: string]: string }
  admin: string
  /** A folder of the caller, with charter.md. */
  elsewhere: string
  /** Runs a command of Cutter as the caller, who has the address and a token. */
  cutter(...args: string[]): Promise<Answer>
  /** Runs a script of the shell as the caller. Resolves to what it prints and its exit code. */
  shell(script: string): string
  /** Calls the API. */
  call(method: string, path: string, body?: unknown, token?: string): Promise<ApiAnswer>
  /** Every file of the service that decides or is kept, with owner, mode and content, but for what its work writes. */
  files(): string[]
  close(): Promise<void>
}

export async function openGuardedService(): Promise<GuardedService> {
  const at = aCutterHome(CONFIG)
  const keys = openKeyFolder()
  for (const name of [...APPROVERS, 'mallory']) keys.key(name)
  const line = (approver: string) => `${approver} namespaces="cutter.cut.*" ${keys.publicKey(approver)}\n`
  at.file('allowed_signers', APPROVERS.map(line).join(''))
  mkdirSync(at.path('var'), { mode: 0o750 })
  chownSync(at.path('var'), SERVICE_USER.uid, SERVICE_USER.gid)
  const PROD_URL = `postgres://cutter:${PASSWORD}@127.0.0.1:1/laws`
  const asService = { env: { PROD_URL }, ...SERVICE_USER }
  const own = async (...args: string[]) => {
    const answer = await at.cutter([...args, '--json'], asService)
    if (answer.code !== 0) throw new Error(`${args.join(' ')}: ${answer.stdout}${answer.stderr}`)
    return jsonOf<{ token: string }>(answer)
  }
  await own('target', 'init', 'embedded')
  const token = async (name: string, role: string) =>
    (await own('token', 'create', '--name', name, '--role', role)).token
  const admin = await token('ann', 'admin')
  const operator = await token('deploybot', 'operator')
  const approverTokens: { [approver: string]: string } = {}
  for (const approver of APPROVERS) approverTokens[approver] = await token(approver, 'viewer')
  const service = await serve(at, [], { PROD_URL }, SERVICE_USER)
  const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-caller-')))
  writeFileSync(join(elsewhere, 'charter.md'), charter('One.', 'Two.', 'Three.'))
  // The caller's own copy of the program: the one of the service is in its home.
  cpSync(at.path('.installed'), join(elsewhere, '.installed'), { recursive: true, verbatimSymlinks: true })
  execFileSync('chown', ['-R', `${CALLER!.uid}:${CALLER!.gid}`, elsewhere])
  const env = { CUTTER_URL: service.url, CUTTER_TOKEN: operator, HOME: elsewhere, PATH: process.env.PATH }
  return {
    at,
    service,
    keys,
    token: operator,
    approverTokens,
    admin,
    elsewhere,
    cutter: (...args) =>
      at.cutter(args, {
        cwd: elsewhere,
        env,
        program: join(elsewhere, '.installed/dist/cutter.cjs'),
        ...CALLER!,
      }),
    shell(script) {
      const { status, output } = shellAs(script, elsewhere, env)
      return `${output}exit ${status}`
    },
    async call(method, path, body, bearer = operator) {
      const answer = await fetch(`${service.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json') === true
      return { status: answer.status, text, json: isJson ? JSON.parse(text) : null }
    },
    files: () => filesOf(at.home),
    async close() {
      await service.end('SIGTERM')
      rmSync(elsewhere, { recursive: true, force: true })
      keys.remove()
      await at.remove()
    },
  }
}

function shellAs(script: string, cwd: string, env: NodeJS.ProcessEnv): { status: number; output: string } {
  try {
    const output = execFileSync('sh', ['-c', `exec 2>&1; ${script}`], {
      cwd,
      env,
      encoding: 'utf8',
      ...CALLER!,
    })
    return { status: 0, output }
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string }
    return { status, output: stdout }
  }
}

/** What the work of a service writes by itself. */
const WRITTEN = /^var\/(cutter\.db|journal|locks|owners|runs|uploads|pg|embedded|tmp)/

/** The files of a home and of its folder var, each with owner, mode and content. */
function filesOf(home: string): string[] {
  const inFolder = (folder: string) => readdirSync(join(home, folder)).map((name) => join(folder, name))
  return [...inFolder('.'), ...inFolder('var')]
    .filter((name) => !WRITTEN.test(name))
    .map((name) => {
      const { uid, mode, isFile } = factsOf(join(home, name))
      return `${name} ${uid} ${mode} ${isFile ? readFileSync(join(home, name), 'base64') : ''}`
    })
    .sort()
}

function factsOf(path: string): { uid: number; mode: string; isFile: boolean } {
  const found = lstatSync(path)
  return { uid: found.uid, mode: found.mode.toString(8), isFile: found.isFile() }
}
