import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { APPROVERS, type GuardedService } from './guarded-service.ts'

/** What a caller with nothing but a token may try. */

interface Stage {
  at: GuardedService
  /** A live run that waits at its first gate. */
  waiting: string
}

/** What must not happen, how it is tried, and what the caller gets. */
type Attempt = [what: string, how: string, make: () => Promise<string> | string, gets: RegExp]

/** @param stage is read when an attempt is made */
export function attemptsOn(stage: Stage): Attempt[] {
  const inHome = (name: string) => stage.at.at.path(name)
  const evil = () => {
    const marker = join(stage.at.elsewhere, 'ran')
    writeFileSync(
      join(stage.at.elsewhere, 'evil.ts'),
      `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(marker)}, 'x')\nexport const machine = {}\n`,
    )
    return join(stage.at.elsewhere, 'evil.ts')
  }
  /** Has the service perform a command, without the client and its rules. */
  const perform = async (...argv: string[]) => {
    const out = argv.indexOf('--out')
    const { text } = await stage.at.call('POST', '/api/v1/cli', {
      argv: [...argv, '--json'],
      cwd: stage.at.at.home,
      terminal: { out: false, err: false, columns: null, color: false },
      out: out < 0 ? null : { path: argv[out + 1], exists: false },
    })
    return text
  }
  const start = (machine: string, input: object) =>
    stage.at.call('POST', '/api/v1/runs', { machine, input }).then(({ text }) => text)
  const post = (path: string, body: object) => stage.at.call('POST', path, body).then(({ text }) => text)
  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await stage.at.cutter(...args)
    return `${stdout}${stderr}exit ${code}`
  }
  const NO = /Permission denied|Operation not permitted|EACCES/
  const PATH_REFUSED = /INPUT_REFUSED|through the service/

  /** Signs the statement of an approver with a key that is not theirs, and imports it. */
  async function forge(approver: string, key: string): Promise<string> {
    const { text } = await stage.at.call('POST', `/api/v1/runs/${stage.waiting}/statement`, {
      as: approver,
      reason: '',
    })
    const signature = await signText({ text, keyFile: stage.at.keys.path(key), namespace: 'cutter.cut.SG1' })
    return post('/api/v1/approvals', { statement: text, signature })
  }

  return [
    [
      'read the URL of a target',
      'from the environment of the process',
      () => stage.at.shell(`cat /proc/${stage.at.service.pid}/environ`),
      NO,
    ],
    [
      'read the URL of a target',
      'from the memory of the process',
      () => stage.at.shell(`head -c 1 /proc/${stage.at.service.pid}/mem`),
      NO,
    ],
    [
      'read the URL of a target',
      'by its survey',
      () => command('target', 'survey', 'prod', '--json'),
      /TARGET_UNREACHABLE/,
    ],
    [
      'read the URL of a target',
      'as a document',
      () => start('cut', { document: 'X', source: '/proc/self/environ' }),
      PATH_REFUSED,
    ],
    [
      'read the URL of a target',
      'by a scan',
      () => post('/api/v1/documents/scan', { file: '/proc/self/environ' }),
      PATH_REFUSED,
    ],
    [
      'read the URL of a target',
      'by a scan of the command line',
      () => perform('document', 'scan', '/proc/self/environ'),
      /INPUT_REFUSED|"given"/,
    ],
    [
      'read the URL of a target',
      'by the metrics',
      () => stage.at.call('GET', '/metrics').then(({ text }) => text),
      /cutter_/,
    ],
    ['read the URL of a target', 'by doctor', () => command('doctor', '--json'), /ACCESS_REFUSED/],
    [
      'read what only the service reads',
      'the owner’s token',
      () => stage.at.shell(`cat ${inHome('var/owner-token')}`),
      NO,
    ],
    [
      'read what only the service reads',
      'the store',
      () => stage.at.shell(`cat ${inHome('var/cutter.db')}`),
      NO,
    ],
    [
      'read what only the service reads',
      'the key of the instance',
      () => stage.at.shell(`cat ${inHome('var/instance_key')}`),
      NO,
    ],
    [
      'read what only the service reads',
      'a backup of the store',
      () => perform('store', 'backup', '--out', join(stage.at.elsewhere, 'store.db')),
      /ACCESS_REFUSED/,
    ],
    [
      'appoint an approver',
      'in allowed_signers',
      () => stage.at.shell(`echo x >> ${inHome('allowed_signers')}`),
      NO,
    ],
    [
      'appoint an approver',
      'in cutter.yaml',
      () => stage.at.shell(`echo 'approvals: {}' > ${inHome('cutter.yaml')}`),
      NO,
    ],
    [
      'appoint an approver',
      'by another home',
      () => command('run', 'list', '--home', stage.at.elsewhere, '--json'),
      /USAGE/,
    ],
    [
      'appoint an approver',
      'by a token of their name',
      () => post('/api/v1/tokens', { name: APPROVERS[0], role: 'admin' }),
      /ACCESS_REFUSED/,
    ],
    [
      'appoint an approver',
      'by another key of the instance',
      () => command('instance', 'rotate-key', '--reason', 'x', '--json'),
      /ACCESS_REFUSED/,
    ],
    ['run code', 'as a machine', () => start(evil(), {}), PATH_REFUSED],
    [
      'run code',
      'as a machine of the command line',
      () => command('run', 'start', evil(), '--json'),
      PATH_REFUSED,
    ],
    ['run code', 'by a check of a module', () => perform('machine', 'check', evil()), /INPUT_REFUSED/],
    ['run code', 'by a test of a module', () => perform('machine', 'test', evil()), /INPUT_REFUSED/],
    [
      'run code',
      'as the source of a deploy',
      () => start('deploy', { host: '127.0.0.1', source: stage.at.elsewhere, target: '/srv/x' }),
      /INPUT_REFUSED|USAGE/,
    ],
    [
      'run code',
      'as a bundle of a migration',
      () => start('migrate', { target: 'prod', bundle: stage.at.elsewhere }),
      /INPUT_REFUSED|USAGE/,
    ],
    [
      'write a file of the service',
      'by the shell',
      () => stage.at.shell(`touch ${inHome('var/x')} ${inHome('x')}`),
      NO,
    ],
    [
      'write a file of the service',
      'by an export',
      () => perform('run', 'export', stage.waiting, '--out', inHome('allowed_signers')),
      /allowed_signers/,
    ],
    [
      'write a file of the service',
      'by new files of a migration',
      () => perform('migrate', 'new', inHome('evil')),
      /INPUT_REFUSED/,
    ],
    [
      'write a file of the service',
      'by a new machine',
      () => perform('machine', 'new', inHome('evil.ts')),
      /INPUT_REFUSED/,
    ],
    [
      'write a file of the service',
      'by a batch',
      () => perform('batch', 'start', stage.at.at.home),
      /ACCESS_REFUSED/,
    ],
    [
      'write a file of the service',
      'by pruning',
      () => perform('store', 'prune', '--older-than', '1s', '--into', inHome('out')),
      /ACCESS_REFUSED/,
    ],
    [
      'pass a gate',
      'without an approval',
      () => command('run', 'resume', stage.waiting, '--json'),
      /APPROVAL_REQUIRED/,
    ],
    [
      'pass a gate',
      'by a rehearsal',
      () => post(`/api/v1/runs/${stage.waiting}/rehearsals`, {}),
      /APPROVAL_REFUSED/,
    ],
    [
      'pass a gate',
      'by a signature of another key',
      () => forge(APPROVERS[0], 'mallory'),
      /APPROVAL_REFUSED/,
    ],
    ['pass a gate', 'by a signature of their own', () => forge('deploybot', 'mallory'), /APPROVAL_REFUSED/],
    [
      'pass a gate',
      'under the name of somebody else',
      () => post(`/api/v1/runs/${stage.waiting}/resume`, { by: APPROVERS[0] }),
      /OPERATOR_REFUSED|APPROVAL_REQUIRED/,
    ],
    [
      'pass a gate',
      'by a write into the store',
      () => stage.at.shell(`printf x >> ${inHome('var/cutter.db')}`),
      NO,
    ],
    [
      'pass a gate',
      'with the token of nobody',
      () =>
        stage.at
          .call('POST', `/api/v1/runs/${stage.waiting}/resume`, {}, `ctk_${'A'.repeat(43)}`)
          .then(({ text }) => text),
      /TOKEN_REFUSED/,
    ],
    [
      'pass a gate',
      'by the socket without a token',
      () =>
        stage.at.shell(
          `${process.execPath} -e "require('net').connect('${inHome('var/cutter.sock')}').on('error', (e) => { console.log(e.code); process.exit(1) })"`,
        ),
      NO,
    ],
    [
      'allow what only an admin allows',
      'live writes',
      () => command('execution', 'enable', '--for', '1h', '--reason', 'x', '--json'),
      /ACCESS_REFUSED/,
    ],
    [
      'allow what only an admin allows',
      'work under a hold',
      () => command('hold', 'off', '--reason', 'x', '--json'),
      /ACCESS_REFUSED/,
    ],
  ]
}
