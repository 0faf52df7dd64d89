import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { packageRoot } from '../../src/app/package-paths.ts'
import { median } from './cold.ts'

/**
 * A live deploy by the built program, with all defaults, against `git archive | ssh tar x` of the same commit: the same OpenSSH server on
 * loopback, the same key. Wall time in seconds, from the start of each process to its end. Signing does not count.
 */
export interface DeployFigures {
  plain: number
  start: number
  resume: number
}

/** A commit of some files with as many bytes each, which no compression makes smaller. */
export interface DeployShape {
  files: number
  bytes: number
}

export const DEPLOYS: { [name: string]: { shape: DeployShape; goal: string } } = {
  '10,000 files of 2 kB': { shape: { files: 10_000, bytes: 2_048 }, goal: '≤ 3.0 ×' },
  '20 files of 10 MB': { shape: { files: 20, bytes: 10_000_000 }, goal: '≤ 2.5 ×' },
}

const SIGNER = 'bench@example.org'

/** Measures interleaved rounds, after one that does not count. Null where no OpenSSH server is installed. */
export async function measureDeploys(shape: DeployShape, rounds: number): Promise<DeployFigures | null> {
  const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'].find((file) => existsSync(file))
  if (sshd === undefined) return null
  const folder = mkdtempSync(join(tmpdir(), 'cutter-bench-deploy-'))
  let server: ChildProcess | null = null
  try {
    makeCommit(join(folder, 'app'), shape)
    server = await startServer(sshd, folder)
    const deploy = prepareHome(folder)
    const measured: DeployFigures[] = []
    for (let round = 0; round <= rounds; round += 1) {
      const plain = plainSeconds(folder)
      measured.push({ plain, ...deploy() })
      rmSync(join(folder, 'srv'), { recursive: true })
      mkdirSync(join(folder, 'srv'))
    }
    const of = (name: keyof DeployFigures) => median(measured.slice(1).map((one) => one[name]))
    return { plain: of('plain'), start: of('start'), resume: of('resume') }
  } finally {
    server?.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeCommit(repository: string, { files, bytes }: DeployShape): void {
  for (let file = 0; file < files; file += 1) {
    const parts = join(repository, `part-${file % 100}`)
    mkdirSync(parts, { recursive: true })
    writeFileSync(
      join(parts, `file-${file}.txt`),
      randomBytes(Math.ceil(bytes / 2))
        .toString('hex')
        .slice(0, bytes),
    )
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, stdio: 'ignore' })
  git('init', '--quiet')
  git('config', 'gc.auto', '0')
  git('add', '--all')
  git(
    '-c',
    'user.name=Bench',
    '-c',
    `user.email=${SIGNER}`,
    '-c',
    'commit.gpgsign=false',
    'commit',
    '-qm',
    'all',
  )
  git('gc', '--quiet')
}

const PORT = 20_000 + (process.pid % 20_000)

async function startServer(sshd: string, folder: string): Promise<ChildProcess> {
  const at = (name: string) => join(folder, name)
  mkdirSync(at('.ssh'), { mode: 0o700 })
  mkdirSync(at('srv'))
  for (const key of ['host', '.ssh/id']) keygen(at(key))
  const settings = {
    Port: PORT,
    ListenAddress: '127.0.0.1',
    HostKey: at('host'),
    AuthorizedKeysFile: at('.ssh/id.pub'),
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    UseDNS: 'no',
    PermitRootLogin: 'prohibit-password',
    MaxStartups: 100,
    // With SHLVL set, bash reads no .bashrc, whose time has nothing to do with what is measured.
    SetEnv: 'SHLVL=1',
  }
  writeFileSync(at('sshd_config'), lines(settings))
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const server = spawn(sshd, ['-D', '-f', at('sshd_config')], { stdio: 'ignore' })
  const hostKey = execFileSync('ssh-keygen', ['-y', '-f', at('host')], { encoding: 'utf8' })
  writeFileSync(at('.ssh/known_hosts'), `[127.0.0.1]:${PORT} ${hostKey}`)
  const client = {
    HostName: '127.0.0.1',
    Port: PORT,
    User: userInfo().username,
    IdentityFile: at('.ssh/id'),
    UserKnownHostsFile: at('.ssh/known_hosts'),
  }
  writeFileSync(at('.ssh/config'), `Host web\n${lines(client)}`, { mode: 0o600 })
  for (let tries = 0; tries < 200; tries += 1) {
    if (spawnSync('ssh', ['-F', at('.ssh/config'), 'web', 'true']).status === 0) return server
    await wait(50)
  }
  server.kill()
  throw new Error('the server lets nobody in')
}

const lines = (settings: { [name: string]: string | number }) =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')

function keygen(file: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', file])
}

function plainSeconds(folder: string): number {
  const target = join(folder, 'srv', 'plain')
  const begun = performance.now()
  const pipe = `git -C "$1/app" archive HEAD | ssh -F "$1/.ssh/config" web "mkdir $2 && tar -x -C $2"`
  execFileSync('sh', ['-c', pipe, 'plain', folder, target], { stdio: 'ignore' })
  return (performance.now() - begun) / 1000
}

function prepareHome(folder: string): () => Pick<DeployFigures, 'start' | 'resume'> {
  const at = (name: string) => join(folder, name)
  mkdirSync(at('home'))
  keygen(at('home/key'))
  const key = execFileSync('ssh-keygen', ['-y', '-f', at('home/key')], { encoding: 'utf8' })
  writeFileSync(at('home/allowed_signers'), `${SIGNER} ${key}`)
  writeFileSync(at('home/cutter.yaml'), 'execution: { allowLive: true }\n')
  const env = { ...process.env, HOME: folder }
  const cutter = (...args: string[]) => {
    const program = join(packageRoot(), 'dist', 'cutter.cjs')
    const begun = performance.now()
    const answer = spawnSync(process.execPath, [program, ...args, '--home', at('home')], {
      encoding: 'utf8',
      env,
    })
    if (answer.status !== 0) throw new Error(`cutter ${args.join(' ')}: ${answer.stderr}${answer.stdout}`)
    return { seconds: (performance.now() - begun) / 1000, json: JSON.parse(answer.stdout || '{}') }
  }
  cutter('execution', 'enable', '--for', '2h', '--reason', 'bench', '--json')
  return () => {
    const where = ['--source', at('app'), '--commit', 'HEAD', '--host', 'web', '--path', at('srv/cutter')]
    const start = cutter('run', 'start', 'deploy', ...where, '--mode', 'live', '--by', 'bot', '--json')
    const key = ['--as', SIGNER, '--key', at('home/key')]
    const { approvalId } = cutter('approval', 'sign', start.json.runId, ...key, '--json').json
    const resume = cutter('run', 'resume', '--approval', approvalId, '--json')
    if (resume.json.outcome !== 'succeeded') throw new Error(`the deploy ended as ${resume.json.outcome}`)
    return { start: start.seconds, resume: resume.seconds }
  }
}
