import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApprovalJson, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  aSigner,
  charter,
  enableExecution,
  historyOf,
  LIVE,
  refusalReasons,
  resume,
  sign,
  started,
  withTools,
} from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** Says that every signature is Alice's, and writes down that it ran. */
const fakeOf = (marker: string) => `#!/bin/sh
echo "$@" >> ${marker}
case "$*" in
  *find-principals*) echo ${ALICE} ;;
  *check-novalidate*) echo "Good \\"x\\" signature with ED25519 key SHA256:${'f'.repeat(43)}" ;;
  *"-Y verify"*) exit 0 ;;
  *) exec /usr/bin/ssh-keygen "$@" ;;
esac
`

describeWithKeys('the program that judges signatures', () => {
  let at: CutterHome
  let alice = ''
  let fake = ''

  beforeAll(async () => {
    at = aCutterHome(LIVE)
    alice = aSigner(at)
    at.file('small.md', charter('One.'))
    mkdirSync(at.path('bin'))
    mkdirSync(at.path('node_modules/.bin'), { recursive: true })
    fake = at.path('bin/ssh-keygen')
    for (const file of [fake, at.path('node_modules/.bin/ssh-keygen')]) {
      writeFileSync(file, fakeOf(at.path('fake-ran')), { mode: 0o755 })
    }
    await at.server()
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  test('is not the one that PATH or node_modules/.bin offers, so a forged approval is refused', async () => {
    const runId = await started(at, { document: 'FORGED', source: 'small.md', mode: 'live' })
    const statement = await at.cutter(['approval', 'statement', runId, '--as', ALICE])
    at.file('statement.json', statement.stdout)
    at.file('forged.sig', '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n')
    const PATH = [at.path('bin'), at.path('node_modules/.bin'), process.env.PATH].join(':')
    const command = ['approval', 'import', 'statement.json', '--signature', 'forged.sig', '--json']
    const kept = await at.cutter(command, { env: { PATH } })
    const approvalId = kept.code === 0 ? jsonOf<ApprovalJson>(kept).approvalId : null
    const answer =
      approvalId === null
        ? kept
        : await at.cutter(['run', 'resume', runId, '--approval', approvalId, '--json'], { env: { PATH } })
    expect(answer.code).not.toBe(0)
    expect((await historyOf(at, runId)).some(({ event }) => event.type === 'APPROVE')).toBe(false)
    expect(existsSync(at.path('fake-ran'))).toBe(false)
  })

  test('stands in the evidence of a decision, by path, digest and the version of OpenSSH', async () => {
    const runId = await started(at, { document: 'JUDGED', source: 'small.md', mode: 'live' })
    expect((await resume(at, runId, (await sign(at, runId, alice)).approvalId)).code).toBe(0)
    const decision = (await historyOf(at, runId)).find(({ event }) => event.type === 'APPROVE')!
    expect(JSON.stringify(decision.event.evidence)).toContain('tools/SG1')
    await at.cutter(['run', 'cancel', runId, '--reason', 'seen'])
    const bundle = at.path('judged.tar')
    expect((await at.cutter(['run', 'export', runId, '--out', bundle])).code).toBe(0)
    const text = readFileSync(bundle, 'latin1')
    expect(text).toMatch(/"sshKeygen":\{"command":\["\/[^"]*ssh-keygen"\],"digest":"sha256:[0-9a-f]{64}"/)
    expect(text).toMatch(/"openssh":"OpenSSH_/)
  })

  test('is refused in a live run when others could replace it, and the approval stays unused', async () => {
    const runId = await started(at, { document: 'UNSAFE', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, alice)
    chmodSync(fake, 0o777)
    const answer = await withTools(at, { sshKeygen: fake }, () => resume(at, runId, approvalId))
    expect(jsonOf(answer).error?.reason).toBe('FILES_UNSAFE')
    expect(answer.stderr).toContain(fake)
    expect(await refusalReasons(at, runId)).toEqual(['FILES_UNSAFE'])
    expect((await resume(at, runId, approvalId)).code).toBe(0)
  })

  test('runs no script of the working folder that a relative path in tools names', async () => {
    at.file('dump.sh', `touch ${at.path('script-ran')}\necho "pg_dump (PostgreSQL) 99.0"\n`)
    const kept = readFileSync(at.path('cutter.yaml'), 'utf8')
    at.file('cutter.yaml', `${kept}tools: { pgDump: [sh, dump.sh], pgRestore: [sh, ./dump.sh] }\n`)
    await at.cutter(['doctor'])
    at.file('cutter.yaml', kept)
    expect(existsSync(at.path('script-ran'))).toBe(false)
  })

  test('is shown by doctor, with every other tool, its path and its digest', async () => {
    const { stdout } = await at.cutter(['doctor'])
    expect(stdout).toMatch(/ssh-keygen: .*\/ssh-keygen, sha256:[0-9a-f]{12}…/)
    expect(stdout).toMatch(/git: .*\/git, sha256:[0-9a-f]{12}…, git version/)
    const missing = await withTools(at, { git: '/nowhere/git' }, () => at.cutter(['doctor']))
    expect(missing.stdout).toContain('/nowhere/git')
    expect(missing.stdout).toContain('tools.git')
  })

  test('is a warning of doctor when it prints an error as its version', async () => {
    const failing = at.path('bin/failing')
    writeFileSync(failing, '#!/bin/sh\necho "libpq.so.5: not found" >&2\nexit 127\n', { mode: 0o755 })
    const { stdout } = await withTools(at, { pgDump: failing }, () => at.cutter(['doctor', '--json']))
    const checks = JSON.parse(stdout) as { check: string; status: string; message: string }[]
    const found = checks.find(({ check, message }) => check === 'pg_dump' && message.includes(failing))
    expect(found).toMatchObject({ status: 'warn', message: expect.stringContaining('libpq.so.5: not found') })
  })
})
